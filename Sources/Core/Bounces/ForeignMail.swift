import CMIME

/// A mail that somebody else wrote, taken apart as far as it may tell what has become of one of ours.
struct ForeignMail {
    struct Part {
        /// In lower case: `text/plain`.
        let type: String
        let text: ByteText
    }

    /// What is looked at of a mail, in bytes: reports stand at the beginning, the copy of our own mail behind them.
    private static let limit = 1 << 20
    /// And of what people read of it.
    private static let wordsLimit = 64 << 10

    private(set) var header = HeaderBlock()
    private(set) var parts: [Part] = []
    /// All of it, as it came.
    let source: ByteText

    init(_ bytes: some Collection<UInt8>) {
        var bytes = Array(bytes.prefix(Self.limit))
        // The separator line of a mailbox file (RFC 4155) is none of the header's.
        if bytes.starts(with: "From ".utf8), let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
            bytes.removeSubrange(...end)
        }
        source = ByteText(bytes.filter { $0 != UInt8(ascii: "\r") })
        let collector = Collector()
        bytes.withUnsafeBufferPointer { read($0, into: collector) }
        (header, parts) = (collector.header, collector.parts)
    }

    private func read(_ bytes: UnsafeBufferPointer<UInt8>, into collector: Collector) {
        guard let start = bytes.baseAddress else { return }
        var visitor = loods_mime_visitor(
            context: Unmanaged.passUnretained(collector).toOpaque(),
            header: { context, name, value in
                guard let context, let name, let value else { return }
                Collector.at(context).header.append(String(cString: name), String(cString: value))
            },
            part: { context, type, content, length in
                guard let context, let type else { return }
                let text = Array(UnsafeBufferPointer(start: content, count: length))
                    .filter { $0 != UInt8(ascii: "\r") }
                Collector.at(context).parts.append(Part(type: String(cString: type), text: ByteText(text)))
            })
        withExtendedLifetime(collector) { _ = loods_mime_read(start, bytes.count, &visitor) }
    }

    private final class Collector {
        var header = HeaderBlock()
        var parts: [Part] = []

        static func at(_ context: UnsafeMutableRawPointer) -> Collector {
            Unmanaged.fromOpaque(context).takeUnretainedValue()
        }
    }

    /// The type of the mail as a whole, parameters left out.
    var type: String {
        let type = header["content-type"]?.prefix { $0 != ";" } ?? ""
        return type.lowercased().trimmed
    }

    /// What people read of it: the plain text, or that of the markup where there is no other; of a mail that is not made as
    /// it says, all behind its header.
    var words: ByteText {
        guard parts.contains(where: { $0.type.hasPrefix("text/") }) else {
            return source.behindHeader.cut(to: Self.wordsLimit)
        }
        let plain = parts.filter { $0.type.hasPrefix("text/") && $0.type != "text/html" && $0.type != Self.headersOnly }
        let markup = parts.filter { $0.type == "text/html" }
        let readable = plain.isEmpty ? markup.map { $0.text.cut(to: Self.wordsLimit).withoutMarkup } : plain.map(\.text)
        let text = readable.map(\.bytes).joined(separator: CollectionOfOne(UInt8(ascii: "\n")))
        return ByteText(Array(text)).cut(to: Self.wordsLimit)
    }

    /// The headers of mails that stand in it whole, or as headers alone.
    var enclosedHeaders: [HeaderBlock] {
        parts.filter { Self.enclosing.contains($0.type) }.map { HeaderBlock($0.text) }
    }

    private static let headersOnly = "text/rfc822-headers"
    private static let enclosing: Set<String> = [
        "message/rfc822", "message/global", "message/global-headers", "message/partial", headersOnly,
    ]
}
