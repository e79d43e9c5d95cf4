/// One definition as it is written, by its name: what two revisions of a workspace are compared by. It takes no notice of
/// what keys mean, so that whatever is read may be compared.
struct DefinitionOutline {
    /// What names a definition.
    struct Name: Hashable {
        /// `journey`, `segment`, `stage`, `topic`, `e-mail`, `setting` …
        var kind: String
        var name: String
    }

    var name: Name
    var file: String
    /// Keys in the order in which they are written, each with what stands there, on one line.
    var fields: [(key: String, text: String)] = []
    var steps: [StepOutline] = []

    /// The definitions of a file; nil where they cannot be told apart.
    static func read(_ file: String, _ text: String) -> [DefinitionOutline]? {
        let parts = file.split(separator: "/").map(String.init)
        if parts.count > 2, let kind = contentFolders[parts[0]] { return content(kind, parts, file, text) }
        guard file.hasSuffix(".yaml"), let root = try? YAMLFile(name: file, text: text).root, let members = root.members
        else { return nil }
        if parts.count == 1 { return members.flatMap { definitions($0, in: file) } }
        // `segments/vip.yaml` defines a segment.
        let kind = String(parts[0].dropLast())
        guard let name = members.first(where: { $0.key == kind })?.value.text else { return nil }
        return [whole(Name(kind: kind, name: name), file, members.filter { $0.key != kind })]
    }

    private static func whole(_ name: Name, _ file: String, _ members: [YAMLNode.Member]) -> DefinitionOutline {
        let steps = members.first { $0.key == "steps" }.map { StepOutline.read($0.value) } ?? []
        let fields = members.filter { $0.key != "steps" }.map { ($0.key, $0.value.flow) }
        return DefinitionOutline(name: name, file: file, fields: fields, steps: steps)
    }

    /// A list of definitions that begin with their names, or a setting.
    private static func definitions(_ member: YAMLNode.Member, in file: String) -> [DefinitionOutline] {
        // Other lists among the settings hold what has no name: quiet hours, caps.
        let isNamed =
            file != "workspace.yaml" || ["sending_domains", "topics", "webhooks", "notify"].contains(member.key)
        let elements = isNamed ? member.value.elements ?? [] : []
        let named = elements.compactMap { element -> DefinitionOutline? in
            guard let first = element.members?.first, let text = first.value.text else { return nil }
            return whole(Name(kind: first.key, name: text), file, Array(element.members!.dropFirst()))
        }
        guard named.count == elements.count, !named.isEmpty, Set(named.map(\.name)).count == named.count else {
            let stem = file == "workspace.yaml" ? "" : file.prefix { $0 != "." } + " "
            return [
                DefinitionOutline(
                    name: Name(kind: "setting", name: stem + member.key), file: file,
                    fields: [("", member.value.flow)])
            ]
        }
        let order = DefinitionOutline(
            name: Name(kind: "order", name: member.key), file: file,
            fields: named.map { ($0.name.name, "") })
        return named + [order]
    }

    /// The folders of what has texts beside it, and what that is called.
    static let contentFolders = ["emails": "e-mail", "postcards": "postcard"]

    /// An `email.yaml` or `postcard.yaml`, or one of the texts beside it.
    private static func content(
        _ kind: String, _ parts: [String], _ file: String, _ text: String
    ) -> [DefinitionOutline]? {
        let name = Name(kind: kind, name: parts[1])
        guard parts.count == 3, parts[2] == "\(parts[0].dropLast()).yaml" else {
            let part = parts.dropFirst(2).joined(separator: "/").replacing(".mustache", with: "")
            return [DefinitionOutline(name: name, file: file, fields: [(part, text)])]
        }
        guard let root = try? YAMLFile(name: file, text: text).root, let members = root.members else { return nil }
        return [whole(name, file, members)]
    }
}

extension [DefinitionOutline] {
    /// Those of all files by their names; what several files say of one is put together.
    init(files: [String: String]) {
        var byName: [DefinitionOutline.Name: DefinitionOutline] = [:]
        for (file, text) in files.sorted(by: { $0.key < $1.key }) {
            for definition in DefinitionOutline.read(file, text) ?? [] {
                if byName[definition.name] == nil {
                    byName[definition.name] = definition
                } else {
                    byName[definition.name]!.fields += definition.fields
                }
            }
        }
        self = Array(byName.values)
    }
}
