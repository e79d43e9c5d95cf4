/// Finds an alias before the file is parsed, since a parser that expands aliases can be made to expand them for ever.
///
/// What looks like `*name` where a value may begin counts only if `&name` stands at such a place as well, so that texts
/// and conditions may hold asterisks.
struct AliasScanner {
    private let lines: [[Unicode.Scalar]]

    init(_ lines: [[Unicode.Scalar]]) { self.lines = lines }

    var firstAlias: YAMLNode.Place? {
        let anchors = Set(marks("&").map(\.name))
        return anchors.isEmpty ? nil : marks("*").first { anchors.contains($0.name) }?.place
    }

    private func marks(_ indicator: Unicode.Scalar) -> [(name: String, place: YAMLNode.Place)] {
        var found: [(String, YAMLNode.Place)] = []
        for (number, line) in lines.enumerated() {
            for (index, scalar) in line.enumerated() where scalar == indicator && mayBegin(line, index) {
                var name = String.UnicodeScalarView()
                for scalar in line[(index + 1)...] {
                    guard isNamePart(scalar) else { break }
                    name.append(scalar)
                }
                if !name.isEmpty { found.append((String(name), .init(line: number + 1, column: index + 1))) }
            }
        }
        return found
    }

    private func mayBegin(_ line: [Unicode.Scalar], _ index: Int) -> Bool {
        index == 0
            || [" ", "\t", "[", "{", ",", ":", "-", "?", "\r", "\u{FEFF}", "\u{85}", "\u{2028}", "\u{2029}"]
                .contains(line[index - 1])
    }

    private func isNamePart(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII
            && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "-" || scalar == "_")
    }
}
