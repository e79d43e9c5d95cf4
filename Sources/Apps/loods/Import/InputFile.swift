import CZlib
import ServiceRuntime

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file read from its beginning to its end in pieces, inflated on the way where its name ends in `.gz`.
///
/// Not for use by several threads at once.
final class InputFile {
    private static let piece = 32 * 1024

    private let path: String
    private let descriptor: Int32
    private var inflater: Inflater?
    private var hasEnded = false

    init(_ path: String) throws {
        self.path = path
        descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else {
            throw ExitFault(code: .settings, message: "\(path) cannot be opened: \(String(cString: strerror(errno)))")
        }
        inflater = path.hasSuffix(".gz") ? try Inflater() : nil
    }

    deinit { close(descriptor) }

    /// The next piece; empty at the end.
    func next() throws -> [UInt8] {
        while !hasEnded {
            let bytes = try readPiece()
            if bytes.isEmpty { hasEnded = true }
            guard let inflater else { return bytes }
            let output = bytes.isEmpty ? try inflater.finish(path) : try inflater.inflate(bytes, path)
            if !output.isEmpty { return output }
        }
        return []
    }

    private func readPiece() throws -> [UInt8] {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.piece) { buffer, count in
            var result = read(descriptor, buffer.baseAddress, Self.piece)
            while result < 0, errno == EINTR { result = read(descriptor, buffer.baseAddress, Self.piece) }
            if result < 0 { failure = errno }
            count = max(0, result)
        }
        guard failure == 0 else {
            throw ExitFault(code: .failures, message: "\(path) cannot be read: \(String(cString: strerror(failure)))")
        }
        return bytes
    }
}

/// Inflates gzip, members one after the other (RFC 1952).
private final class Inflater {
    private var stream = z_stream()
    private var isWithinMember = false

    init() throws {
        guard loods_gunzip_init(&stream) == Z_OK else {
            throw ExitFault(code: .ourFault, message: "there is no memory to inflate the file")
        }
    }

    deinit { inflateEnd(&stream) }

    func inflate(_ bytes: [UInt8], _ path: String) throws -> [UInt8] {
        var input = bytes
        var output: [UInt8] = []
        try input.withUnsafeMutableBufferPointer { source in
            stream.next_in = source.baseAddress
            stream.avail_in = UInt32(source.count)
            // Output that fills its room to the last byte may have more behind it, but only within a member.
            repeat {
                try step(into: &output, path)
            } while stream.avail_in > 0 || isWithinMember && stream.avail_out == 0
        }
        return output
    }

    func finish(_ path: String) throws -> [UInt8] {
        guard !isWithinMember else {
            throw ExitFault(code: .failures, message: "\(path) ends in the middle of its gzip data")
        }
        return []
    }

    private func step(into output: inout [UInt8], _ path: String) throws {
        let room = 256 * 1024
        var status = Z_OK
        isWithinMember = true
        output.append(
            contentsOf: [UInt8](unsafeUninitializedCapacity: room) { target, count in
                stream.next_out = target.baseAddress
                stream.avail_out = UInt32(room)
                status = CZlib.inflate(&stream, Z_NO_FLUSH)
                count = room - Int(stream.avail_out)
            })
        switch status {
        case Z_STREAM_END:
            isWithinMember = false
            inflateReset(&stream)
        case Z_OK, Z_BUF_ERROR: break
        default: throw ExitFault(code: .failures, message: "\(path) is not sound gzip")
        }
    }
}
