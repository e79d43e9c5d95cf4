import Mail

/// What goes with an e-mail: `attachments: [terms.pdf]`, and the images that its HTML shows as `cid:logo.png`.
extension EmailReader {
    /// Of base64, all together: receivers take 10 MB at the least, and each mail carries them.
    private static let limit = 4_000_000

    /// - Parameters:
    ///   - files: those of the e-mail's folder that are neither definitions nor templates, in base64.
    ///   - attached: the names under `attachments`.
    func files(
        _ files: [String: String], attached: [YAMLNode]
    ) -> (images: [MailFile], attachments: [MailFile]) {
        let shown = imageNames
        var attachments: [MailFile] = []
        for node in attached {
            guard let name = inspection.reference(node, "file", among: files.keys.sorted(), called: "files") else {
                continue
            }
            if attachments.contains(where: { $0.name.text == name }) {
                inspection.report(.duplicate, "the file \"\(name)\" is attached twice", at: node.place)
            } else if let file = file(name, files) {
                attachments.append(file)
            }
        }
        var images: [MailFile] = []
        for (name, body) in shown.sorted(by: { $0.key < $1.key }) {
            if files[name] == nil {
                inspection.report(
                    .unknownName, "the HTML shows \"cid:\(name)\", which is no file of the e-mail", at: .start,
                    help: NearMiss.help(for: name, among: files.keys.sorted(), called: "files"), in: body)
            } else if let file = file(name, files), !file.isImage {
                inspection.report(
                    .invalid, "\"\(name)\" is no image that mail programs show", at: .start,
                    help: "they show png, jpeg, gif and webp", in: body)
            } else if let file = file(name, files) {
                images.append(file)
            }
        }
        reportUnused(files, used: Set(shown.keys).union((images + attachments).map(\.name.text)))
        reportSize(of: Set((images + attachments).map(\.name.text)).compactMap { files[$0] })
        return (images, attachments)
    }

    private func file(_ name: String, _ files: [String: String]) -> MailFile? {
        do {
            return try MailFile(name: name, base64: files[name] ?? "")
        } catch {
            inspection.report(.invalid, "\"\(name)\": \(error.message)", at: .start, in: "emails/\(self.name)/\(name)")
            return nil
        }
    }

    /// What stands in quotes behind `cid:`, with the body where it is first.
    private var imageNames: [String: String] {
        var names: [String: String] = [:]
        for (file, html) in bodies.htmlFiles {
            for quote in ["\"", "'"] {
                for part in html.split(separator: "\(quote)cid:", omittingEmptySubsequences: false).dropFirst() {
                    let name = String(part.prefix { String($0) != quote })
                    names[name] = names[name] ?? path(file)
                }
            }
        }
        return names
    }

    private func reportUnused(_ files: [String: String], used: Set<String>) {
        for name in files.keys.sorted() where !used.contains(name) {
            inspection.report(
                .unused, "nothing shows or attaches this file", at: .start,
                help: "attachments: [\(name)], or \"cid:\(name)\" in the HTML", in: "emails/\(self.name)/\(name)",
                severity: .warning)
        }
    }

    private func reportSize(of contents: [String]) {
        let size = contents.reduce(0) { $0 + $1.utf8.count }
        guard size > Self.limit else { return }
        inspection.report(
            .invalid, "what goes with this e-mail is larger than 3 MB", at: .start,
            help: "put large files on the web, and link to them")
    }
}
