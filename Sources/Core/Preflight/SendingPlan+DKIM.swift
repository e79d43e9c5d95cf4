extension SendingPlan {
    func dkim(in view: inout NameView) -> [PreflightFinding] {
        guard !keys.isEmpty else {
            return [
                PreflightFinding(
                    .error, "dkim", "mails from \(from) are not signed",
                    help: "loods dkim \(from) SELECTOR makes a key; then sending_domains in workspace.yaml")
            ]
        }
        return keys.flatMap { dkim($0, in: &view) }
    }

    private func dkim(_ key: Key, in view: inout NameView) -> [PreflightFinding] {
        let texts: [String]
        switch view.answer(key.record, .txt) {
        case .failed(let reason):
            return [PreflightFinding(.error, "dkim", "\(key.record) cannot be looked up: \(reason)")]
        case .nothing:
            return [
                PreflightFinding(
                    .error, "dkim", "\(key.record) is not published",
                    help: key.text.map { "publish TXT \"\($0)\"" } ?? "loods dkim DOMAIN SELECTOR prints the record")
            ]
        case .records(let values): texts = values
        }
        guard texts.count == 1, let tags = TagList(texts[0]), let published = tags["p"].map(Self.compact) else {
            return [
                PreflightFinding(
                    .error, "dkim",
                    "\(key.record) has \(texts.count == 1 ? "no key that can be read" : "\(texts.count) texts; one is allowed")"
                )
            ]
        }
        guard !published.isEmpty else {
            return [PreflightFinding(.error, "dkim", "the key at \(key.record) is revoked: its p is empty")]
        }
        var findings = weaknesses(of: tags, published, at: key.record)
        if let text = key.text, let ours = TagList(text) {
            let isSame = ours["p"].map(Self.compact) == published && (tags["k"] ?? "rsa") == (ours["k"] ?? "rsa")
            findings.append(
                isSame
                    ? PreflightFinding(.passed, "dkim", "\(key.record) is the key that signs")
                    : PreflightFinding(
                        .error, "dkim", "\(key.record) is another key than the one that signs",
                        help: "publish TXT \"\(text)\""))
        } else {
            findings.append(
                PreflightFinding(
                    .note, "dkim", "\(key.record) is published; whether it is the key that signs was not looked at",
                    help: "name the folder of keys with --keys or LOODS_DKIM_KEYS"))
        }
        return findings
    }

    private func weaknesses(of tags: TagList, _ published: String, at record: String) -> [PreflightFinding] {
        var findings: [PreflightFinding] = []
        if let flags = tags["t"], flags.split(separator: ":").contains(where: { $0.trimmingBlanks == "y" }) {
            findings.append(
                PreflightFinding(
                    .warning, "dkim", "\(record) says t=y, a trial: receivers may take no notice of the signature",
                    help: "take t=y out"))
        }
        // Of 1,024 bits a key has 162 bytes, of 2,048 it has 294.
        if (tags["k"] ?? "rsa") == "rsa", published.utf8.count * 3 / 4 < 200 {
            findings.append(
                PreflightFinding(
                    .warning, "dkim", "the key at \(record) has 1,024 bits or fewer", help: "2,048 are usual (RFC 8301)"
                ))
        }
        return findings
    }

    private static func compact(_ text: String) -> String { text.filter { !$0.isWhitespace } }
}
