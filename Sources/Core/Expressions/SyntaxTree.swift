/// An expression as it is written, before any name or type is looked at: nodes in one array, children by index.
struct SyntaxTree: Sendable, Equatable {
    typealias NodeID = Int

    struct Node: Sendable, Equatable {
        var kind: Kind
        /// Where an error about the node points: at an operator, a field name, a function's name.
        var offset: Int
    }

    enum Kind: Sendable, Equatable {
        case literal(Value)
        /// A name; with a leading dot, one of the outermost namespace.
        case identifier(String)
        case select(NodeID, field: String, isOptional: Bool)
        case index(NodeID, key: NodeID, isOptional: Bool)
        case call(String, target: NodeID?, arguments: [NodeID])
        case not(NodeID)
        case negate(NodeID)
        case binary(BinaryOperator, NodeID, NodeID)
        /// Two or more terms: long chains stay flat.
        case all([NodeID])
        case any([NodeID])
        case conditional(NodeID, then: NodeID, else: NodeID)
        case list([Element])
        case map([Entry])
        case message(String, [Field])
    }

    struct Element: Sendable, Equatable {
        var value: NodeID
        var isOptional: Bool
    }

    struct Entry: Sendable, Equatable {
        var key: NodeID
        var value: NodeID
        var isOptional: Bool
    }

    struct Field: Sendable, Equatable {
        var name: String
        var value: NodeID
        var isOptional: Bool
    }

    var nodes: [Node] = []
    var root: NodeID = 0

    subscript(id: NodeID) -> Node { nodes[id] }
}

/// The operators that evaluate both sides first.
enum BinaryOperator: String, Sendable {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case within = "in"
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case modulo = "%"

    enum Precedence: Int { case relation, addition, multiplication }

    var precedence: Precedence {
        switch self {
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .within: .relation
        case .add, .subtract: .addition
        case .multiply, .divide, .modulo: .multiplication
        }
    }

    /// The same question with the sides changed.
    var mirrored: BinaryOperator {
        switch self {
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        default: self
        }
    }

    var isOrdering: Bool {
        switch self {
        case .less, .lessOrEqual, .greater, .greaterOrEqual: true
        default: false
        }
    }
}
