extension HTMLOutline {
    /// What screen readers and mail programs ask of the frame.
    var frameFindings: [PreflightFinding] {
        var findings: [PreflightFinding] = []
        if language?.isEmpty != false {
            findings.append(
                PreflightFinding(
                    .warning, "language", "the HTML does not say which language it is in",
                    help: "<html lang=\"en\">, so that it is read aloud in the right voice"))
        }
        if title.isEmpty {
            findings.append(
                PreflightFinding(
                    .warning, "title", "the HTML has no title", help: "<title>, which windows and screen readers show"))
        }
        if showsMergeField {
            findings.append(
                PreflightFinding(.error, "merge", "the HTML shows a merge field that nothing fills: \"{{\""))
        }
        return findings
    }

    /// WCAG 2.2, 1.4.3.
    var contrastFindings: [PreflightFinding] {
        shades.map { shade, words in (shade.text.contrast(with: shade.background), shade, words) }
            .filter { ratio, shade, _ in ratio < (shade.isLarge ? 3 : 4.5) }
            .sorted { ($0.0, $0.2) < ($1.0, $1.2) }
            .map { ratio, shade, words in
                PreflightFinding(
                    .warning, "contrast",
                    "\"\(LinkRule.short(words))\" is hard to read: \(shade.text) on \(shade.background) is \(Self.rounded(ratio)) to 1",
                    help: "\(shade.isLarge ? "3" : "4.5") to 1 at the least (WCAG 2.2, 1.4.3)")
            }
    }

    private static func rounded(_ ratio: Double) -> String {
        let tenths = Int((ratio * 10).rounded(.down))
        return "\(tenths / 10).\(tenths % 10)"
    }

    var supportFindings: [PreflightFinding] {
        gaps.map { ClientSupport.all[$0] }.map { gap in
            PreflightFinding(
                .warning, "css", "\(gap.programs) leave\(gap.programs.contains(" and ") ? "" : "s") out \(gap.name)",
                help: "\(gap.help); \(gap.source)")
        }
    }
}

extension MailSample {
    /// Bytes of images that go with each mail, all together, from where on they weigh on those who read on the way.
    private static let weightLimit = 1_000_000
    /// With fewer letters than that beside images there is nothing to read until these are shown.
    private static let fewLetters = 40

    func imageFindings(_ outline: HTMLOutline) -> [PreflightFinding] {
        let shown = outline.images.filter { !$0.isInvisible }
        var findings: [PreflightFinding] = []
        for image in shown {
            let name = LinkRule.short(image.attributes["src"] ?? "")
            if image.attributes["src"]?.isEmpty != false {
                findings.append(PreflightFinding(.error, "images", "an image has no src"))
            }
            let alt = image.attributes["alt"]
            if alt == nil || image.isInLink && alt?.isEmpty == true {
                findings.append(
                    PreflightFinding(
                        .warning, "images", "the image \"\(name)\" has no alt text, which is all that many see of it",
                        help: image.isInLink ? "say where the link leads" : "alt=\"\" where it only adorns"))
            }
            if image.attributes["width"] == nil, !(image.attributes["style"] ?? "").contains("width") {
                findings.append(
                    PreflightFinding(
                        .warning, "images", "the image \"\(name)\" has no width: Outlook shows it in its own size",
                        help: "width=\"…\" in pixels"))
            }
        }
        let bytes = images.reduce(0) { $0 + $1.bytes }
        if bytes > Self.weightLimit {
            findings.append(
                PreflightFinding(
                    .warning, "images", "its images have \(bytes / 1000) KB together; each mail carries them"))
        }
        if !shown.isEmpty, outline.letters < Self.fewLetters {
            findings.append(
                PreflightFinding(
                    .warning, "images",
                    "there is next to nothing to read beside the images: \(outline.letters) letters",
                    help: "many programs show images only when asked to, and filters take such mails for spam"))
        }
        return findings
    }

    func linkFindings(_ outline: HTMLOutline) -> [PreflightFinding] {
        outline.links.flatMap { link -> [PreflightFinding] in
            var findings = [LinkRule.finding(link.target, shown: link.text)].compactMap(\.self)
            if link.text.isEmpty, !link.hasImage {
                findings.append(
                    PreflightFinding(
                        .warning, "links", "the link \"\(LinkRule.short(link.target))\" shows nothing to follow it by"))
            }
            // "https://bank.example" that leads elsewhere is what phishing does.
            if let said = Self.host(link.text), let real = Self.host(link.target), said != real {
                findings.append(
                    PreflightFinding(
                        .warning, "links", "a link says \(said) and leads to \(real), as those of swindlers do",
                        help: "let it say what is there"))
            }
            return findings
        }
    }

    private static func host(_ text: String) -> String? {
        guard let start = ["https://", "http://"].first(where: { text.lowercased().hasPrefix($0) }) else { return nil }
        let host = text.dropFirst(start.count).prefix { !"/?#: ".contains($0) }.lowercased()
        return host.hasPrefix("www.") ? String(host.dropFirst(4)) : host
    }

    /// CAN-SPAM, and what the large providers ask of bulk mail.
    func wayOutFindings(_ outline: HTMLOutline) -> [PreflightFinding] {
        guard let unsubscribeLink, !outline.links.contains(where: { $0.target == unsubscribeLink }) else { return [] }
        return [
            PreflightFinding(
                .error, "unsubscribe", "the HTML shows no way out",
                help: "<a href=\"{{links.unsubscribe}}\">…</a> at its end")
        ]
    }
}
