/// What a server says it can, in answer to EHLO.
struct SMTPCapabilities: Hashable {
    var pipelining = false
    var eightBitMIME = false
    var startTLS = false
    /// The size limit in bytes where SIZE is offered with one; 0: offered, no limit told.
    var size: Int?
    var mechanisms: Set<String> = []

    init() {}

    /// Reads an EHLO reply; its first line is the greeting.
    init(_ reply: SMTPReply) {
        for line in reply.lines.dropFirst() {
            let words = line.uppercased().split { $0 == " " || $0 == "=" }
            switch words.first {
            case "PIPELINING": pipelining = true
            case "8BITMIME": eightBitMIME = true
            case "STARTTLS": startTLS = true
            case "SIZE": size = words.dropFirst().first.flatMap { Int($0) } ?? 0
            // "AUTH=LOGIN" is how old servers wrote it.
            case "AUTH": mechanisms.formUnion(words.dropFirst().map(String.init))
            default: break
            }
        }
    }
}
