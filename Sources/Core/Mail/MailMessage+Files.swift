extension MailMessage {
    func attach(_ file: MailFile, into output: inout [UInt8]) {
        write(file, "attachment", fields: "", into: &output)
    }

    func show(_ image: MailFile, into output: inout [UInt8]) {
        write(image, "inline", fields: "Content-ID: <\(contentID(of: image))>\r\n", into: &output)
    }

    private func write(_ file: MailFile, _ disposition: String, fields: String, into output: inout [UInt8]) {
        let name = ParameterValue.lines("filename", file.name).map { ";\r\n \($0)" }.joined()
        output += "Content-Type: \(file.type)\r\nContent-Transfer-Encoding: base64\r\n".utf8
        output += "Content-Disposition: \(disposition)\(name)\r\n\(fields)\r\n".utf8
        output += file.encoded
    }

    /// Whether HTML shows an image.
    static func mentions(_ image: MailFile, _ html: String) -> Bool {
        quotes.contains { html.contains("\($0)cid:\(image.name.text)\($0)") }
    }

    /// HTML that names images as their parts are named (RFC 2392).
    func showing(_ images: [MailFile], _ html: String) -> String {
        images.reduce(html) { html, image in
            Self.quotes.reduce(html) { html, quote in
                html.replacing(
                    "\(quote)cid:\(image.name.text)\(quote)", with: "\(quote)cid:\(contentID(of: image))\(quote)")
            }
        }
    }

    private static let quotes = ["\"", "'"]

    /// Of an image in this mail, in the form of a message id. What could not stand in one becomes its code.
    private func contentID(of image: MailFile) -> String {
        let name = image.name.text.utf8.map { byte in
            ASCII.isAlphanumeric(byte) ? String(UnicodeScalar(byte)) : "_" + String(byte, radix: 16)
        }
        return "\(name.joined()).\(messageID.id)@\(messageID.domain.name)"
    }
}
