import Testing

/// How files look.
@Suite struct ShapeTests {
    /// Swift files that are longer than 500 lines, and why.
    private static let long: [String: String] = [:]

    @Test func filesAreShort() throws {
        let files = try SourceTree.sources() + SourceTree.files("Tests", [".swift"])
        for file in files where Self.long[file.path] == nil {
            #expect(file.lines.count <= 501, "\(file.path)")
        }
        let sizes = try SourceTree.sources().map(\.lines.count).sorted()
        #expect(sizes[sizes.count / 2] <= 121, "half of the files are longer than 120 lines")
    }

    @Test func whatAModuleOffersIsDocumented() throws {
        let kinds: Set<Substring> = ["struct", "enum", "class", "actor", "protocol", "func", "var", "let", "typealias"]
        for file in try SourceTree.sources() {
            let lines = file.lines
            for (index, line) in lines.enumerated() where line.hasPrefix("public ") {
                guard line.split(separator: " ").dropFirst().prefix(4).contains(where: kinds.contains) else { continue }
                let above = lines[..<index].last { !$0.hasPrefix("@") } ?? ""
                #expect(above.hasPrefix("///"), "\(file.path):\(index + 1): \(line)")
            }
        }
    }

    @Test func noFileIsNamedAfterATechnicalRole() throws {
        for file in try SourceTree.sources() {
            for word in ["Manager", "Helper", "Utils", "Util.", "Impl.", "Base."] {
                #expect(!file.name.contains(word), "\(file.path)")
            }
            #expect(file.name != "Placeholder.swift", "\(file.path)")
        }
    }

    @Test func uncheckedSendableIsArguedFor() throws {
        for file in try SourceTree.sources() {
            let lines = file.lines
            for (index, line) in lines.enumerated() where line.contains("@unchecked Sendable") {
                let above = lines[..<index].last { !$0.trimmingPrefix(while: \.isWhitespace).hasPrefix("@") } ?? ""
                #expect(above.contains("//"), "\(file.path):\(index + 1): say what makes it safe")
            }
        }
    }
}
