import Model

extension Loader {
    /// By folder; nil for one that is there but has faults, so that references to it are not faults as well.
    mutating func readPostcards(topics: [String]?, locale: LanguageTag?) -> [String: PostcardDefinition?] {
        let folders = Set(files.keys.compactMap(Self.postcardFolder))
        var postcards: [String: PostcardDefinition?] = [:]
        for name in folders.sorted() { postcards[name] = .some(readPostcard(name, topics: topics, locale: locale)) }
        return postcards
    }

    /// The files of a postcard: those that each has, there or not, then those in other languages.
    func postcardPaths(_ name: String) -> [String] {
        let folder = "postcards/\(name)/"
        let translations = files.keys.filter { path in
            path.hasPrefix(folder) && PostcardReader.Sides.part(String(path.dropFirst(folder.count))) != nil
        }
        return PostcardReader.parts.map { folder + $0 } + translations.sorted()
    }

    /// The `NAME` of `postcards/NAME/…`.
    private static func postcardFolder(_ path: String) -> String? {
        let parts = path.split(separator: "/")
        return parts.count >= 3 && parts[0] == "postcards" ? String(parts[1]) : nil
    }

    private mutating func readPostcard(
        _ name: String, topics: [String]?, locale: LanguageTag?
    ) -> PostcardDefinition? {
        let paths = postcardPaths(name)
        note(read: paths)
        for (path, help) in zip(paths, ["it says on what ground the card is sent", "its picture", "its text"])
        where files[path] == nil {
            report(path, .missing, "the postcard \"\(name)\" has no \(path.split(separator: "/")[2])", help: help)
            return nil
        }
        var sides = PostcardReader.Sides(front: files[paths[1]] ?? "", back: files[paths[2]] ?? "")
        for path in paths.dropFirst(PostcardReader.parts.count) {
            guard let (tag, side) = PostcardReader.Sides.part(String(path.split(separator: "/")[2])) else { continue }
            if side == "front" {
                sides.translations[tag, default: (nil, nil)].front = files[path]
            } else {
                sides.translations[tag, default: (nil, nil)].back = files[path]
            }
        }
        let digest = digest("loods.postcard", of: paths, from: .derived("loods.postcard"))
        return read(paths[0]) {
            PostcardReader($0, name: name, topics: topics, locale: locale).read(sides, digest: digest)
        } ?? nil
    }
}
