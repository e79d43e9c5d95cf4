import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The process's standard error: whole lines, never mixed.
enum StandardError {
    private static let turn = Mutex(())

    static func write(_ text: String) { write(Array(text.utf8)) }

    static func write(_ line: [UInt8]) {
        turn.withLock { _ in
            line.withUnsafeBytes { bytes in
                var rest = UnsafeRawBufferPointer(rebasing: bytes[...])
                while !rest.isEmpty {
                    let count = posixWrite(rest)
                    guard count > 0 else { return }
                    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                }
            }
        }
    }

    private static func posixWrite(_ bytes: UnsafeRawBufferPointer) -> Int {
        while true {
            #if canImport(Glibc)
                let count = Glibc.write(2, bytes.baseAddress, bytes.count)
            #elseif canImport(Musl)
                let count = Musl.write(2, bytes.baseAddress, bytes.count)
            #else
                let count = Darwin.write(2, bytes.baseAddress, bytes.count)
            #endif
            if count >= 0 || errno != EINTR { return count }
        }
    }
}
