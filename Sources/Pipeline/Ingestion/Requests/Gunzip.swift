import CZlib

/// Inflates gzip bodies (RFC 1952) within bounds, whatever they claim of themselves.
enum Gunzip {
    private static let step = 32_768
    private static let freeOfRatio = 65_536

    /// Inflates one gzip member.
    ///
    /// - Throws: `.tooLarge` as soon as more than `limit` bytes, or more than `ratio` for each byte read, come out;
    ///   `.malformed` for what is not gzip, ends early, or goes on after its end.
    static func inflate(_ body: ArraySlice<UInt8>, limit: Int, ratio: Int) throws(EdgeError) -> [UInt8] {
        var stream = z_stream()
        guard loods_gunzip_init(&stream) == Z_OK else { throw EdgeError(.unavailable, "no memory to inflate the body") }
        defer { inflateEnd(&stream) }
        var output: [UInt8] = []
        var input = Array(body)
        let outcome = input.withUnsafeMutableBufferPointer { source in
            stream.next_in = source.baseAddress
            stream.avail_in = UInt32(source.count)
            return drain(&stream, into: &output, limit: limit, ratio: ratio)
        }
        switch outcome {
        case .done: break
        case .tooLarge:
            throw EdgeError(.tooLarge, "the body is larger than \(limit) bytes, or packed suspiciously tight")
        case .malformed: throw EdgeError(.malformed, "the body is not sound gzip")
        }
        guard stream.avail_in == 0 else {
            throw EdgeError(.malformed, "the body goes on after the end of its gzip data")
        }
        return output
    }

    private enum Outcome { case done, tooLarge, malformed }

    private static func drain(
        _ stream: inout z_stream, into output: inout [UInt8], limit: Int, ratio: Int
    ) -> Outcome {
        while true {
            var status = Z_OK
            let chunk = [UInt8](unsafeUninitializedCapacity: step) { target, count in
                stream.next_out = target.baseAddress
                stream.avail_out = UInt32(step)
                status = CZlib.inflate(&stream, Z_NO_FLUSH)
                count = step - Int(stream.avail_out)
            }
            output.append(contentsOf: chunk)
            let packed = Int(stream.total_in)
            if output.count > limit || (output.count > freeOfRatio && output.count > packed * ratio) {
                return .tooLarge
            }
            if status == Z_STREAM_END { return .done }
            guard status == Z_OK, !chunk.isEmpty || stream.avail_in > 0 else { return .malformed }
        }
    }
}
