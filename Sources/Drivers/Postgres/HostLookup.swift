import CShims
import ConnectionThread
import Glibc

/// Finds the addresses of a host's name, with a limit in time; getaddrinfo(3) knows none, so it runs on a thread of its
/// own, which outlives a caller who gave up.
final class HostLookup: Sendable {
    enum Answer: Sendable {
        /// In the order in which to try them; not empty.
        case found([String?])
        case failed(String)
        case outOfTime
    }

    private let name: String
    private let bell: Int32
    private let answer = Locked<Answer>(.outOfTime)

    private init?(_ name: String) {
        bell = loods_eventfd()
        guard bell >= 0 else { return nil }
        self.name = name
    }

    deinit {
        close(bell)
    }

    /// - Parameter limit: when the caller gives up; nil is never.
    static func addresses(of name: String, until limit: ContinuousClock.Instant?) -> Answer {
        if case .found(let addresses) = resolve(name, AI_NUMERICHOST) { return .found(addresses) }
        guard let limit else { return resolve(name, 0) }
        guard let lookup = HostLookup(name), lookup.start() else {
            return .failed("no thread or file descriptor is left for the look-up")
        }
        return SocketWait.wait(for: lookup.bell, Int32(POLLIN), until: limit)
            ? lookup.answer.withLock { $0 } : .outOfTime
    }

    private func start() -> Bool {
        var id = pthread_t()
        let start = Unmanaged.passRetained(self)
        let status = pthread_create(
            &id, nil,
            { argument in
                Unmanaged<HostLookup>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            }, start.toOpaque())
        guard status == 0 else {
            start.release()
            return false
        }
        pthread_detach(id)
        return true
    }

    private func run() {
        loods_name_thread("postgres-lookup")
        let found = Self.resolve(name, 0)
        answer.withLock { $0 = found }
        var one: UInt64 = 1
        _ = write(bell, &one, 8)
    }

    private static func resolve(_ name: String, _ flags: Int32) -> Answer {
        var hints = addrinfo()
        hints.ai_flags = flags
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(name, nil, &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard status == 0 else { return .failed("\(name): \(String(cString: gai_strerror(status)))") }
        let addresses = sequence(first: list) { $0?.pointee.ai_next }.prefix { $0 != nil }.compactMap {
            $0.flatMap(text(of:))
        }
        return addresses.isEmpty ? .failed("\(name): no address") : .found(addresses)
    }

    private static func text(of info: UnsafeMutablePointer<addrinfo>) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let status = getnameinfo(
            info.pointee.ai_addr, info.pointee.ai_addrlen, &buffer, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST)
        guard status == 0 else { return nil }
        return buffer.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }
}
