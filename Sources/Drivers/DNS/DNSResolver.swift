import CNames
import NIOPosix

/// Asks DNS, by way of a resolver that answers recursively.
///
/// Nothing is remembered: each question is asked anew. c-ares matches answers to questions, takes turns among the system's
/// servers, and asks again over TCP where an answer is cut off.
public struct DNSResolver: Sendable {
    private let servers: String?
    private let patience: Duration
    private let tries: Int32
    private static let messageLimit = 65_535

    /// - Parameters:
    ///   - server: an IP address with or without `:PORT`, an IPv6 one in brackets; nil: the system's (`/etc/resolv.conf`).
    ///   - patience: how long a question may take altogether.
    ///   - tries: how often each server is asked, 1 to 4; each time it is waited for twice as long.
    /// - Throws: `DNSError.server` for what is no address.
    public init(server: String? = nil, patience: Duration = .seconds(6), tries: Int = 2) throws(DNSError) {
        if let server, !Self.isServer(server) { throw .server(server) }
        precondition((1...4).contains(tries))
        (servers, self.patience, self.tries) = (server, patience, Int32(tries))
    }

    /// What DNS says of a name, without a dot at its end; names in other letters than ASCII's are to be given in ASCII.
    /// Aliases (CNAME) are followed unless they are what is asked for.
    public func ask(_ name: String, for kind: DNSRecord.Kind) async -> DNSAnswer {
        do {
            return try await Self.threads.runIfActive { Self.ask(servers, name, kind, patience, tries) }
        } catch {
            return .failed(.failed)
        }
    }

    /// Of its own, since questions wait.
    private static let threads: NIOThreadPool = {
        let threads = NIOThreadPool(numberOfThreads: 8)
        threads.start()
        return threads
    }()

    private static func ask(
        _ servers: String?, _ name: String, _ kind: DNSRecord.Kind, _ patience: Duration, _ tries: Int32
    ) -> DNSAnswer {
        var message = [UInt8](repeating: 0, count: messageLimit)
        var length = 0
        let result = message.withUnsafeMutableBufferPointer { buffer in
            loods_names_ask(
                servers, name, Int32(kind.rawValue), Int32(clamping: patience.milliseconds), tries, buffer.baseAddress,
                buffer.count, &length)
        }
        switch Int(result) {
        case Int(LOODS_NAMES_ANSWERED):
            guard let records = DNSMessage(Array(message.prefix(length))).records(kind) else {
                return .failed(.malformed)
            }
            return records.isEmpty ? .nothing(nameExists: true) : .records(records)
        case Int(LOODS_NAMES_NO_DATA): return .nothing(nameExists: true)
        case Int(LOODS_NAMES_NO_NAME): return .nothing(nameExists: false)
        case Int(LOODS_NAMES_TIMEOUT): return .failed(.timeOut)
        case Int(LOODS_NAMES_REFUSED): return .failed(.refused)
        default: return .failed(.failed)
        }
    }

    private static func isServer(_ text: String) -> Bool {
        var (host, port) = (text[...], Substring("53"))
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { return false }
            if !rest.isEmpty { port = rest.dropFirst() }
        } else if let colon = text.firstIndex(of: ":"), text.count(where: { $0 == ":" }) == 1 {
            (host, port) = (text[..<colon], text[text.index(after: colon)...])
        }
        return NetworkAddress.isLiteral(String(host)) && UInt16(port).map { $0 > 0 } == true
    }
}

extension Duration {
    fileprivate var milliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
