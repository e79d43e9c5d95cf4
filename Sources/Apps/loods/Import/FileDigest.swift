import Crypto

/// What names a file by its content, inflated: the same file packed or not gives the same ids.
struct FileDigest {
    /// 16 hex digits.
    let text: String
    /// Bytes, inflated.
    let size: Int

    init(_ path: String) throws {
        let file = try InputFile(path)
        var hash = SHA256()
        var size = 0
        while true {
            let piece = try file.next()
            if piece.isEmpty { break }
            hash.update(data: piece)
            size += piece.count
        }
        self.size = size
        text = hash.finalize().prefix(8).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }

    /// The id of the event that a row of the file is: zero-padded, so that ids sort as rows do.
    func id(ofRow row: Int) -> String {
        let digits = String(row)
        return "\(text)-\(String(repeating: "0", count: max(0, 10 - digits.count)))\(digits)"
    }
}
