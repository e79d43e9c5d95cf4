import Contracts

/// How rows of a table become tracking calls: the file that `--map` names.
struct ImportMap: Sendable {
    enum Delimiter: Sendable, Hashable {
        case whitespace
        case character(UInt8)
    }

    enum Header: Sendable {
        /// The first record names the columns.
        case names
        /// There is none.
        case absent
        /// The first record is left out.
        case skipped
    }

    /// Where a value comes from.
    indirect enum Source: Sendable {
        case column(String, ValueKind)
        case constant(Constant)
        /// Text and columns in turn.
        case template([Piece])
    }

    enum Constant: Sendable, Hashable {
        case text(String)
        case integer(Int64)
        case number(Double)
        case flag(Bool)
    }

    enum Piece: Sendable, Hashable {
        case text(String)
        case column(String)
    }

    enum ValueKind: String, Sendable, CaseIterable {
        case string, number, integer, boolean
    }

    var delimiter: Delimiter
    var header: Header
    /// Names of the columns; nil where the header gives them.
    var columns: [String]?
    var call: AcceptedEvent.Call
    var event: Source?
    var time: (source: Source, format: TimeFormat)?
    /// `userId`, `anonymousId`, `previousId`, `groupId`, `messageId`, `email`, `name`.
    var fields: [String: Source]
    var properties: [String: Source]
    var traits: [String: Source]

    /// Every column that a source names.
    var usedColumns: Set<String> {
        let sources = [event, time?.source].compactMap(\.self) + [fields, properties, traits].flatMap(\.values)
        return sources.reduce(into: []) { $0.formUnion($1.columns) }
    }
}

extension ImportMap.Source {
    var columns: [String] {
        switch self {
        case .column(let name, _): [name]
        case .constant: []
        case .template(let pieces): pieces.compactMap { if case .column(let name) = $0 { name } else { nil } }
        }
    }

    /// Reads `name`, or `text {{column}} text`. Returns nil for braces that do not close.
    init?(text: String) {
        guard text.contains("{{") else {
            self = .column(text, .string)
            return
        }
        var pieces: [ImportMap.Piece] = []
        var rest = Substring(text)
        while let start = rest.firstRange(of: "{{") {
            guard let end = rest[start.upperBound...].firstRange(of: "}}") else { return nil }
            if start.lowerBound > rest.startIndex { pieces.append(.text(String(rest[..<start.lowerBound]))) }
            let name = rest[start.upperBound..<end.lowerBound].split(separator: " ").joined(separator: " ")
            guard !name.isEmpty else { return nil }
            pieces.append(.column(name))
            rest = rest[end.upperBound...]
        }
        if !rest.isEmpty { pieces.append(.text(String(rest))) }
        self = .template(pieces)
    }
}
