public import Model

/// At most so many entries into a journey in a length of time, or in all; who comes beyond that is turned away.
public struct EntryCap: Sendable, Hashable {
    public var atMost: Int64
    /// Looks back from each entry; nil: all that there ever were.
    public var within: Span?

    public init(atMost: Int64, within: Span? = nil) {
        self.atMost = atMost
        self.within = within
    }

    /// The longest length of time: beyond it there is only "in all".
    public static let longest = Span.days(366)

    /// `1000 in 1d`, or `5000 in all`.
    public var words: String { "\(atMost) in \(within?.description ?? "all")" }

    /// An entry at an instant counts from then on until its length of time is over.
    public func counts(_ entry: Timestamp, at now: Timestamp) -> Bool { within.map { entry + $0 > now } ?? true }
}

/// How many have entered a journey, as far as its caps ask, while further ones come at one instant.
public struct EntryCount: Sendable, Hashable {
    public let caps: [EntryCap]
    /// Of each cap, those that count.
    public private(set) var entered: [Int64]

    /// - Parameter entered: in the order of the caps.
    public init(_ caps: [EntryCap], entered: [Int64]) {
        precondition(caps.count == entered.count)
        self.caps = caps
        self.entered = entered
    }

    /// The first cap that lets nobody in any more; nil: the next may enter.
    public var full: EntryCap? {
        zip(caps, entered).first { $0.atMost <= $1 }?.0
    }

    public mutating func letIn() {
        for index in entered.indices { entered[index] += 1 }
    }
}

extension Journey {
    /// What decisions say of whom a cap let not in.
    public static let turnedAway = "turned away"

    /// What is recorded of somebody whom a cap did not let in.
    public static func sight(of cap: EntryCap) -> [String: JSON] {
        var told: [String: JSON] = ["at_most": .int(cap.atMost)]
        if let within = cap.within { told["within"] = .string(within.description) }
        return ["cap": .object(told)]
    }

    /// The cap that ``sight(of:)`` tells of.
    public static func cap(in saw: JSON?) -> EntryCap? {
        guard let told = saw?["cap"], case .int(let atMost)? = told["at_most"] else { return nil }
        return EntryCap(atMost: atMost, within: told["within"]?.string.flatMap { Span($0) })
    }
}
