/// A mail as it would go out, to be looked at.
public struct MailSample: Sendable, Hashable {
    /// An image that goes with it.
    public struct Image: Sendable, Hashable {
        public var name: String
        public var bytes: Int

        public init(name: String, bytes: Int) { (self.name, self.bytes) = (name, bytes) }
    }

    public var subject: String
    public var text: String
    public var html: String?
    /// Whether it needs consent, and so a way out.
    public var isMarketing: Bool
    /// Where its way out leads.
    public var unsubscribeLink: String?
    public var images: [Image] = []
    /// What goes over the wire.
    public var encoded: [UInt8]

    public init(
        subject: String, text: String, html: String?, isMarketing: Bool, unsubscribeLink: String? = nil,
        images: [Image] = [], encoded: [UInt8] = []
    ) {
        self.subject = subject
        self.text = text
        self.html = html
        self.isMarketing = isMarketing
        self.unsubscribeLink = unsubscribeLink
        self.images = images
        self.encoded = encoded
    }
}

extension MailSample {
    /// Everything that can be told of it without asking anybody.
    public var findings: [PreflightFinding] {
        var found = subjectFindings + wireFindings + textFindings
        if let html {
            let outline = HTMLOutline(html)
            found += sizeFindings(html) + outline.frameFindings + imageFindings(outline) + linkFindings(outline)
            found += outline.supportFindings + outline.contrastFindings
            if isMarketing { found += wayOutFindings(outline) }
        }
        var seen: Set<PreflightFinding> = []
        return found.filter { seen.insert($0).inserted }
    }

    /// From where on Gmail cuts mails off.
    static let clipped = 102 * 1024

    private func sizeFindings(_ html: String) -> [PreflightFinding] {
        let size = html.utf8.count
        guard size > Self.clipped else { return [] }
        return [
            PreflightFinding(
                isMarketing ? .error : .warning, "size",
                "the HTML has \(size / 1024) KB: Gmail cuts it off at 102, the way out at its end included",
                help: "shorten it; what style sheets are not used for can go first")
        ]
    }

    private var subjectFindings: [PreflightFinding] {
        var findings: [PreflightFinding] = []
        let length = subject.count
        if length == 0 {
            findings.append(PreflightFinding(.error, "subject", "the subject is empty"))
        } else if length > 78 {
            findings.append(
                PreflightFinding(
                    .warning, "subject",
                    "the subject has \(length) letters: telephones show about 40, few programs over 78"))
        }
        let letters = subject.filter(\.isLetter)
        if letters.count > 8, letters.allSatisfy(\.isUppercase) {
            findings.append(PreflightFinding(.warning, "subject", "the subject is all in capitals, as spam is"))
        }
        return findings
    }

    /// RFC 5322, section 2.1.1.
    private var wireFindings: [PreflightFinding] {
        let lines = encoded.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard let longest = lines.map(\.count).max(), longest > 999 else { return [] }
        return [PreflightFinding(.error, "lines", "a line has \(longest) bytes; 998 are allowed")]
    }

    private var textFindings: [PreflightFinding] {
        guard text.contains(where: { !$0.isWhitespace }) else {
            return [PreflightFinding(.error, "text", "there is no text beside the HTML")]
        }
        var findings = textLinks.compactMap { LinkRule.finding($0, shown: nil) }
        if isMarketing, let unsubscribeLink, !text.contains(unsubscribeLink) {
            findings.append(
                PreflightFinding(
                    .error, "unsubscribe", "the text shows no way out", help: "put {{links.unsubscribe}} at its end"))
        }
        if text.contains("{{") {
            findings.append(
                PreflightFinding(.error, "merge", "the text shows a merge field that nothing fills: \"{{\""))
        }
        return findings
    }

    private var textLinks: [String] {
        text.split { $0.isWhitespace || "<>\"".contains($0) }.map(String.init).filter { $0.contains("://") }
            .map { word in
                let start = ["https://", "http://"].compactMap { word.firstRange(of: $0)?.lowerBound }.min()
                let link = start.map { String(word[$0...]) } ?? word
                return String(link.reversed().drop { ".,;:!?)".contains($0) }.reversed())
            }
    }
}
