/// The canonical form `relaxed` of header fields and bodies (RFC 6376, sections 3.4.2 and 3.4.4): what mail servers change on
/// the way does not change it.
enum RelaxedForm {
    /// A field, from its name to its line end, which may be missing: name in lower case, unfolded, each run of white space one
    /// space, none at either end of the value. Appended without a line end.
    static func append(field: some Collection<UInt8>, to output: inout [UInt8]) {
        var value = field[...]
        while let byte = value.popFirst(), byte != UInt8(ascii: ":") {
            if !isSpace(byte) { output.append((0x41...0x5A).contains(byte) ? byte | 0x20 : byte) }
        }
        output.append(UInt8(ascii: ":"))
        var (pendingSpace, isEmpty) = (false, true)
        for byte in value {
            if isSpace(byte) {
                pendingSpace = true
                continue
            }
            if pendingSpace, !isEmpty { output.append(ASCII.space) }
            (pendingSpace, isEmpty) = (false, false)
            output.append(byte)
        }
    }

    /// White space, and the line ends that folding puts before it.
    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == ASCII.space || byte == ASCII.tab || byte == ASCII.carriageReturn || byte == ASCII.lineFeed
    }

    /// A body whose lines end in CRLF: each run of white space one space, none at the end of a line, no empty lines at the end.
    static func body(_ body: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: body.count + 2) { output, count in
            count = fill(output, from: body)
        }
    }

    private static func fill(_ output: UnsafeMutableBufferPointer<UInt8>, from body: UnsafeBufferPointer<UInt8>) -> Int
    {
        var (size, index, lineEnds, pendingSpace) = (0, 0, 0, false)
        while index < body.count {
            if !pendingSpace, lineEnds == 0, let octets = plainOctets(of: body, at: index) {
                octets.store(in: output, at: size)
                (size, index) = (size + Octets.count, index + Octets.count)
                continue
            }
            let byte = body[index]
            index += 1
            if byte == ASCII.space || byte == ASCII.tab {
                pendingSpace = true
                continue
            }
            if byte == ASCII.carriageReturn, index < body.count, body[index] == ASCII.lineFeed {
                index += 1
                lineEnds += 1
                pendingSpace = false
                continue
            }
            // Line ends are written once something follows them.
            while lineEnds > 0 {
                output[size] = ASCII.carriageReturn
                output[size + 1] = ASCII.lineFeed
                size += 2
                lineEnds -= 1
            }
            if pendingSpace {
                output[size] = ASCII.space
                size += 1
                pendingSpace = false
            }
            output[size] = byte
            size += 1
        }
        guard size > 0 else { return 0 }
        output[size] = ASCII.carriageReturn
        output[size + 1] = ASCII.lineFeed
        return size + 2
    }

    /// Bytes that stand in the canonical form as they are; nil where some do not, or it cannot be told at a glance.
    private static func plainOctets(of body: UnsafeBufferPointer<UInt8>, at index: Int) -> Octets? {
        guard let octets = Octets(body, at: index), !octets.contains(ASCII.tab),
            !octets.contains(ASCII.carriageReturn), !octets.mayCollapse(ASCII.space)
        else { return nil }
        return octets
    }
}
