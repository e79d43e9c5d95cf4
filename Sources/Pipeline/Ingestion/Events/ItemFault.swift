/// Why one event is not accepted, while the others of its batch are.
struct ItemFault: Error, Sendable, Hashable {
    enum Code: String, Sendable, CaseIterable {
        case missing
        case invalid
        /// A name that only Loods itself, or a server key, may use.
        case reserved
        /// The sender is a robot, and the operator wants no events of robots.
        case bot
        case tooLarge = "too_large"
        case tooDeep = "too_deep"
        case nul
        case loneSurrogate = "lone_surrogate"
        case numberRange = "number_range"

        var sentence: String {
            switch self {
            case .missing: "is missing"
            case .invalid: "is not of the right form"
            case .reserved: "is reserved"
            case .bot: "is a robot's"
            case .tooLarge: "is too large"
            case .tooDeep: "lies more than 32 levels deep"
            case .nul: "holds \\u0000, which cannot be stored"
            case .loneSurrogate: "holds half of a surrogate pair, which is no character"
            case .numberRange: "is a number out of range"
            }
        }
    }

    var code: Code
    var message: String
    /// The member at fault, as `properties.products[1].price`.
    var field: String

    init(_ code: Code, _ message: String, field: String) {
        self.code = code
        self.message = message
        self.field = field
    }
}
