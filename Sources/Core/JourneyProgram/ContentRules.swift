public import Expressions
public import Model

/// For whom an e-mail has a wording of its own: for a persona, in a stage, or for a persona in a stage.
public struct ContentCell: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var persona: String?
    public var stage: String?

    public init(persona: String? = nil, stage: String? = nil) {
        self.persona = persona
        self.stage = stage
    }

    /// `technical × Think`, `persona technical`, `stage Think`, or `everybody`.
    public var description: String {
        switch (persona, stage) {
        case (let persona?, let stage?): "\(persona) × \(stage)"
        case (let persona?, nil): "persona \(persona)"
        case (nil, let stage?): "stage \(stage)"
        case (nil, nil): "everybody"
        }
    }

    public static func < (left: ContentCell, right: ContentCell) -> Bool {
        (left.persona ?? "", left.stage ?? "") < (right.persona ?? "", right.stage ?? "")
    }
}

/// How an e-mail's content is chosen for a contact, at the moment at which it is planned.
public struct ContentRules: Sendable {
    /// A place of the e-mail that shows the first variant whose condition holds.
    public struct Block: Sendable {
        public var name: String
        public var variants: [Variant]
        /// The variant for whoever fits no other.
        public var fallback: String

        public init(name: String, variants: [Variant], fallback: String) {
            self.name = name
            self.variants = variants
            self.fallback = fallback
        }
    }

    public struct Variant: Sendable {
        public var name: String
        public var when: Expression

        public init(name: String, when: Expression) {
            self.name = name
            self.when = when
        }
    }

    /// For whom there are wordings beside the one for everybody.
    public var cells: Set<ContentCell>
    public var blocks: [Block]

    public init(cells: Set<ContentCell> = [], blocks: [Block] = []) {
        self.cells = cells
        self.blocks = blocks
    }

    /// Whether there is nothing to choose.
    public var isEmpty: Bool { cells.isEmpty && blocks.isEmpty }

    var conditions: [Expression] { blocks.flatMap { $0.variants.map(\.when) } }

    /// The wording of a persona in a stage, else of the stage, else of the persona, else everybody's.
    public func cell(persona: String?, stage: String?) -> ContentCell {
        let asked = [
            ContentCell(persona: persona, stage: stage), ContentCell(stage: stage), ContentCell(persona: persona),
        ]
        return asked.first { cells.contains($0) } ?? ContentCell()
    }
}

/// What a contact gets of an e-mail.
public struct ContentChoice: Sendable, Hashable {
    public var cell: ContentCell
    /// Of each block, the variant.
    public var blocks: [String: String]

    public init(cell: ContentCell = ContentCell(), blocks: [String: String] = [:]) {
        self.cell = cell
        self.blocks = blocks
    }

    /// As messages keep it.
    public var json: JSON {
        var members: [String: JSON] = [:]
        if let persona = cell.persona { members["persona"] = .string(persona) }
        if let stage = cell.stage { members["stage"] = .string(stage) }
        if !blocks.isEmpty { members["blocks"] = .object(blocks.mapValues { .string($0) }) }
        return .object(members)
    }

    public init(_ json: JSON) {
        cell = ContentCell(persona: json["persona"]?.string, stage: json["stage"]?.string)
        blocks = (json["blocks"]?.object ?? [:]).compactMapValues(\.string)
    }

    /// `technical × Think, hero pro`.
    public var words: String {
        let shown = blocks.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        return ((cell == ContentCell() ? [] : ["\(cell)"]) + shown).joined(separator: ", ")
    }
}
