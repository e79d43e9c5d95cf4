/// The commands as bytes. Their arguments come from types that let nothing through that could end a line.
enum SMTPCommand {
    static let startTLS = Array("STARTTLS\r\n".utf8)
    static let data = Array("DATA\r\n".utf8)
    static let finalDot = Array(".\r\n".utf8)
    static let reset = Array("RSET\r\n".utf8)
    static let quit = Array("QUIT\r\n".utf8)
    static let authenticateLogin = Array("AUTH LOGIN\r\n".utf8)

    static func hello(_ name: String) -> [UInt8] { Array("EHLO \(name)\r\n".utf8) }
    static func plainHello(_ name: String) -> [UInt8] { Array("HELO \(name)\r\n".utf8) }

    static func mail(_ delivery: SMTPSession.Delivery, _ capabilities: SMTPCapabilities) -> [UInt8] {
        var command = "MAIL FROM:<\(delivery.envelope.from)>"
        if capabilities.size != nil { command += " SIZE=\(delivery.size)" }
        if delivery.hasEightBitBytes { command += " BODY=8BITMIME" }
        return Array("\(command)\r\n".utf8)
    }

    static func recipient(_ envelope: SMTPEnvelope) -> [UInt8] { Array("RCPT TO:<\(envelope.to)>\r\n".utf8) }

    /// `AUTH PLAIN` with its initial response (RFC 4616).
    static func authenticatePlain(_ credentials: SMTPConfiguration.Credentials) -> [UInt8] {
        let response = [0] + Array(credentials.username.utf8) + [0] + Array(credentials.password.utf8)
        return Array("AUTH PLAIN ".utf8) + Base64.encode(response) + [0x0D, 0x0A]
    }

    static func loginAnswers(_ credentials: SMTPConfiguration.Credentials) -> [[UInt8]] {
        [credentials.username, credentials.password].map { Base64.encode(Array($0.utf8)) + [0x0D, 0x0A] }
    }
}
