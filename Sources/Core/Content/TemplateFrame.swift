/// One text under way: the template itself, or what it refers to.
///
/// It goes by `Character`: a brace with a combining mark is no brace to whoever reads the template.
struct TemplateFrame {
    /// As `{{> NAME}}` has it; nil for the template itself.
    let name: String?
    let file: String?
    let characters: [Character]
    /// How many sections were open where it began.
    let openSections: Int
    /// What stands before each of its lines, since it is alone on an indented line.
    private let indent: Int
    var index = 0
    private var line = 1
    private var lineStart = 0

    init(_ source: TemplateSource, as name: String?, indent: [Character] = [], openSections: Int) {
        self.name = name
        file = source.file
        self.indent = indent.count
        self.openSections = openSections
        let characters = source.text.map { $0 == "\r\n" || $0 == "\r" ? "\n" : $0 }
        guard !indent.isEmpty, !characters.isEmpty else {
            self.characters = characters
            return
        }
        var indented = indent
        for (place, character) in characters.enumerated() {
            indented.append(character)
            if character == "\n", place + 1 < characters.count { indented += indent }
        }
        self.characters = indented
    }

    var isAtEnd: Bool { index >= characters.count }

    func isAt(_ first: Character, _ second: Character) -> Bool {
        index + 1 < characters.count && characters[index] == first && characters[index + 1] == second
    }

    /// Goes on by one; nothing else passes the ends of lines.
    mutating func advance() {
        if characters[index] == "\n" {
            line += 1
            lineStart = index + 1
        }
        index += 1
    }

    /// Of `index` within the line.
    var place: (line: Int, column: Int) { (line, max(1, index - lineStart + 1 - indent)) }

    func fault(_ message: String) -> TemplateError {
        TemplateError(message, line: place.line, column: place.column, file: file)
    }

    /// Of a tag that is alone on its line: how many blanks stand before it.
    ///
    /// - Parameter start: where the tag begins; it ends at `index`.
    func blanks(beforeTagAt start: Int) -> Int? {
        var first = start
        while first > 0, characters[first - 1] == " " || characters[first - 1] == "\t" { first -= 1 }
        guard first == 0 || characters[first - 1] == "\n" else { return nil }
        let end = characters[index...].firstIndex { $0 != " " && $0 != "\t" } ?? characters.count
        return end == characters.count || characters[end] == "\n" ? start - first : nil
    }

    /// Passes over the rest of a line that has nothing but a tag.
    mutating func skipLine() {
        while !isAtEnd, characters[index] != "\n" { advance() }
        if !isAtEnd { advance() }
    }
}
