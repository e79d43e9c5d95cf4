/// In which of a queue's two lanes a body travels.
public enum Lane: String, CaseIterable, Sendable, Hashable {
    /// What somebody waits for; always goes first.
    case live
    /// Imports, backfills and replays; taken while no live body waits.
    case bulk
}

/// A queue of Loods, in all its lanes.
public struct QueueName: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    public var rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    /// From ingest and the mailer to scoring.
    public static let events = QueueName(rawValue: "events")
    /// From scoring to the scheduler.
    public static let signals = QueueName(rawValue: "signals")
    /// From the scheduler to the mailer.
    public static let messages = QueueName(rawValue: "messages")
    /// From ingest to the mailer, while the database is away; live only.
    public static let withdrawals = QueueName(rawValue: "withdrawals")
    /// From ingest to the mailer: what came back of mails; live only.
    public static let returns = QueueName(rawValue: "returns")
    /// The newest marks of what mailers have claimed; read and never taken. Without lanes.
    public static let marks = QueueName(rawValue: "marks")
    /// Who was erased, for a store that is restored to a time before; read and never taken. Without lanes.
    public static let erasures = QueueName(rawValue: "erasures")
    /// Where the broker puts a body that it took back too often; without lanes, written by the broker alone.
    public static let dead = QueueName(rawValue: "dead")

    /// Every queue, in the order in which a body may travel.
    public static let all: [QueueName] = [
        .events, .signals, .messages, .withdrawals, .returns, .marks, .erasures, .dead,
    ]

    /// The lanes that exist, the first to be served first.
    public var lanes: [Lane] { self == .withdrawals || self == .returns || isWithoutLanes ? [.live] : [.live, .bulk] }

    /// Whether its bodies stay for whoever reads them: none of them waits for anybody.
    public var isKept: Bool { self == .marks || self == .erasures }

    private var isWithoutLanes: Bool { isKept || self == .dead }

    /// What the broker calls it: `loods.events.live`.
    public func name(in lane: Lane) -> String {
        isWithoutLanes ? "loods.\(rawValue)" : "loods.\(rawValue).\(lane.rawValue)"
    }

    /// Through which bodies are published to it, in either lane; nil for one that the broker alone writes.
    public var exchange: String? { self == .dead ? nil : "loods.\(rawValue)" }

    public var description: String { rawValue }
}
