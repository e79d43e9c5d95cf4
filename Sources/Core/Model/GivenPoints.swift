/// Points that a step of a journey gives to a score, as the event `Points Given` says it.
public struct GivenPoints: Sendable, Hashable {
    /// The score's name.
    public var model: String
    /// Thousandths of a point; below zero they are taken.
    public var points: Int64
    /// How long they count; nil: for good.
    public var expiry: Span?

    public init(model: String, points: Int64, expiry: Span? = nil) {
        self.model = model
        self.points = points
        self.expiry = expiry
    }

    /// What an event's properties say; nil where they say no such thing.
    public init?(_ properties: JSON) {
        guard let model = properties["model"]?.string, let points = properties["points"]?.number,
            points.magnitude <= 10_000
        else { return nil }
        self.init(
            model: model, points: Int64((points * 1000).rounded()),
            expiry: properties["expires"]?.string.flatMap { Span($0) })
    }

    /// `+10 engagement`, `-2.5 engagement`.
    public var words: String {
        let (whole, rest) = points.magnitude.quotientAndRemainder(dividingBy: 1000)
        var digits = String(rest + 1000).dropFirst()
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(points < 0 ? "-" : "+")\(whole)\(digits.isEmpty ? "" : ".\(digits)") \(model)"
    }

    public var properties: [String: JSON] {
        var properties: [String: JSON] = [
            "model": .string(model),
            "points": points % 1000 == 0 ? .int(points / 1000) : .double(Double(points) / 1000),
        ]
        if let expiry { properties["expires"] = .string(expiry.description) }
        return properties
    }
}
