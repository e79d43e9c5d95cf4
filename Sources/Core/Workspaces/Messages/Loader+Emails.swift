import Model

extension Loader {
    private static let emailParts = ["email.yaml", "body.txt.mustache", "body.html.mustache"]

    /// By folder; nil for one that is there but has faults, so that references to it are not faults as well.
    mutating func readEmails(_ around: EmailReader.Surroundings) -> [String: EmailDefinition?] {
        var emails: [String: EmailDefinition?] = [:]
        let folders = Set(files.keys.compactMap(Self.emailFolder))
        for name in folders.sorted() { emails[name] = .some(readEmail(name, around)) }
        return emails
    }

    /// The `NAME` of `emails/NAME/…`.
    private static func emailFolder(_ path: String) -> String? {
        let parts = path.split(separator: "/")
        return parts.count >= 3 && parts[0] == "emails" ? String(parts[1]) : nil
    }

    private mutating func readEmail(_ name: String, _ around: EmailReader.Surroundings) -> EmailDefinition? {
        let paths = emailPaths(name)
        note(read: paths)
        guard files[paths[0]] != nil else {
            report(paths[0], .missing, "the e-mail \"\(name)\" has no email.yaml")
            return nil
        }
        let prefix = "emails/\(name)/"
        func named(_ paths: [String]) -> [String: String] {
            Dictionary(paths.map { (String($0.dropFirst(prefix.count)), files[$0] ?? "") }) { first, _ in first }
        }
        let digest = digest("loods.email", of: paths, from: .derived("loods.email"))
        let (templates, besides) = (named(templates(of: name)), named(besides(name)))
        let email = read(paths[0]) {
            EmailReader($0, name: name, templates, in: around).read(besides: besides, digest: digest)
        }
        return email ?? nil
    }

    /// The files of an e-mail: those that any has, there or not, then its other templates, then what goes with it and what it
    /// shares with others.
    func emailPaths(_ name: String) -> [String] {
        let parts = Self.emailParts.map { "emails/\(name)/\($0)" }
        return parts + templates(of: name).filter { !parts.contains($0) } + besides(name) + shared(by: name)
    }

    private func templates(of name: String) -> [String] {
        let folder = "emails/\(name)/"
        return files.keys.filter { path in
            path.hasPrefix(folder) && EmailBodies.isTemplate(String(path.dropFirst(folder.count)))
        }.sorted()
    }

    /// The layouts and partials that an e-mail is made of.
    func shared(by name: String) -> [String] {
        guard !library.paths.isEmpty else { return [] }
        let path = "emails/\(name)/email.yaml"
        let layout = (try? YAMLFile(name: path, text: files[path] ?? ""))?.root["layout"]?.text
        return library.paths(layout: layout, shownBy: templates(of: name).map { files[$0] ?? "" })
    }

    /// The files of an e-mail's folder that are neither definitions nor templates.
    private func besides(_ name: String) -> [String] {
        let folder = "emails/\(name)/"
        return files.keys.filter { path in
            path.hasPrefix(folder) && ![".yaml", ".yml", ".mustache"].contains { path.hasSuffix($0) }
        }.sorted()
    }

    mutating func reportUnused(_ library: TemplateLibrary, emails: [String]) {
        note(read: library.paths)
        let used = Set(emails.flatMap(shared))
        for path in library.paths where !used.contains(path) {
            report(
                path, .unused, "no e-mail shows this", help: "layout: NAME in an email.yaml, or {{> NAME}} in a body",
                severity: .warning)
        }
    }
}
