/// What the catcher was asked to do on its command line.
struct CatcherOptions {
    var host = "127.0.0.1"
    var port = 2525
    var directory: String
    var readyFile: String?

    static let usage = """
        catcher --directory DIR [--listen HOST:PORT] [--ready-file FILE]

        Takes any mail by SMTP and puts each into DIR as one .eml file: X-Envelope-From and X-Envelope-To on top, then
        the message as it was received. For development and tests; it delivers nothing.

          --directory DIR     where mail goes; made if it does not exist
          --listen HOST:PORT  default 127.0.0.1:2525; port 0 takes any free one
          --ready-file FILE   written with HOST:PORT once the catcher listens

        Some recipients misbehave, by the local part of their address:
          refuse-5NN@, defer-4NN@  answers so to RCPT
          data-NNN@                answers so to the final dot and keeps nothing
          drop-reply@              keeps the mail and hangs up instead of answering the final dot
          drop-mail@               hangs up at the final dot and keeps nothing
          delay-MS@                answers the final dot after so many milliseconds

        """

    /// Throws a sentence for people.
    init(_ arguments: some Sequence<String>) throws(OptionFault) {
        var values: [String: String] = [:]
        var iterator = arguments.makeIterator()
        while let name = iterator.next() {
            guard ["--directory", "--listen", "--ready-file"].contains(name) else {
                throw OptionFault(sentence: "unknown argument \(name)")
            }
            guard let value = iterator.next() else { throw OptionFault(sentence: "\(name) needs a value") }
            values[name] = value
        }
        guard let directory = values["--directory"], !directory.isEmpty else {
            throw OptionFault(sentence: "--directory is missing")
        }
        self.directory = directory
        readyFile = values["--ready-file"]
        if let listen = values["--listen"] { (host, port) = try Self.address(listen) }
    }

    private static func address(_ text: String) throws(OptionFault) -> (String, Int) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]),
            colon > text.startIndex
        else { throw OptionFault(sentence: "--listen needs HOST:PORT") }
        return (String(text[..<colon]), Int(port))
    }
}

struct OptionFault: Error {
    let sentence: String
}
