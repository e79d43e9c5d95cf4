import Model

extension Loader {
    /// By folder; nil for one that is there but has faults, so that references to it are not faults as well.
    mutating func readPostcards(topics: [String]?) -> [String: PostcardDefinition?] {
        let folders = Set(files.keys.compactMap(Self.postcardFolder))
        var postcards: [String: PostcardDefinition?] = [:]
        for name in folders.sorted() { postcards[name] = .some(readPostcard(name, topics: topics)) }
        return postcards
    }

    static func postcardPaths(_ name: String) -> [String] { PostcardReader.parts.map { "postcards/\(name)/\($0)" } }

    /// The `NAME` of `postcards/NAME/…`.
    private static func postcardFolder(_ path: String) -> String? {
        let parts = path.split(separator: "/")
        return parts.count >= 3 && parts[0] == "postcards" ? String(parts[1]) : nil
    }

    private mutating func readPostcard(_ name: String, topics: [String]?) -> PostcardDefinition? {
        let paths = Self.postcardPaths(name)
        note(read: paths)
        for (path, help) in zip(paths, ["it says on what ground the card is sent", "its picture", "its text"])
        where files[path] == nil {
            report(path, .missing, "the postcard \"\(name)\" has no \(path.split(separator: "/")[2])", help: help)
            return nil
        }
        let sides = PostcardReader.Sides(front: files[paths[1]] ?? "", back: files[paths[2]] ?? "")
        let digest = digest("loods.postcard", of: paths, from: .derived("loods.postcard"))
        return read(paths[0]) { PostcardReader($0, name: name, topics: topics).read(sides, digest: digest) } ?? nil
    }
}
