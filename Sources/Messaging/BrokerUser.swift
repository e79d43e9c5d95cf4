/// Who connects to the broker, and what each may do there: rights by the names of queues and exchanges, as RabbitMQ's
/// permissions put them.
///
/// A worker may publish to all queues but `dead`, since each sweeps the outbox that all share. The edge may publish what it
/// takes from outside, and may read nothing.
public enum BrokerUser: String, Sendable, Hashable, CaseIterable {
    case ingest = "loods_ingest"
    case scoring = "loods_scoring"
    case scheduler = "loods_scheduler"
    case mailer = "loods_mailer"
    /// The command line for all of a cell; it makes the queues.
    case `operator` = "loods_operator"
    /// The command line and the console within one workspace: imports and replays.
    case tool = "loods_tool"

    /// As folders of passwords call it: `ingest`.
    public var shortName: String { String(rawValue.dropFirst("loods_".count)) }

    /// The queues to which this user publishes; who reads what is kept publishes something to know the end.
    private var publishes: [QueueName] {
        switch self {
        case .ingest: [.events, .withdrawals, .returns]
        case .mailer, .operator: [.events, .signals, .messages, .withdrawals, .returns, .marks, .erasures]
        case .scoring, .scheduler, .tool: [.events, .signals, .messages, .withdrawals, .returns, .erasures]
        }
    }

    /// The queues that this user consumes.
    private var consumes: [QueueName] {
        switch self {
        case .ingest, .operator, .tool: []
        case .scoring: [.events, .dead]
        case .scheduler: [.signals]
        case .mailer: [.messages, .withdrawals, .returns, .marks]
        }
    }

    /// What the user may declare: a regular expression.
    public var configure: String { self == .operator ? #"^loods\."# : "^$" }

    /// Through which exchanges the user may publish: a regular expression. Who declares queues besides needs the default
    /// exchange, by which they let dead bodies go.
    public var write: String {
        self == .operator ? #"^(amq\.default|loods\..*)$"# : Self.expression(publishes.compactMap(\.exchange))
    }

    /// Which queues the user may consume: a regular expression.
    public var read: String {
        self == .operator
            ? #"^loods\."# : Self.expression(consumes.flatMap { queue in queue.lanes.map { queue.name(in: $0) } })
    }

    /// Operators may look at all queues in the management pages.
    public var tags: [String] { self == .operator ? ["monitoring"] : [] }

    private static func expression(_ names: [String]) -> String {
        names.isEmpty ? "^$" : "^(\(names.map { $0.replacing(".", with: #"\."#) }.joined(separator: "|")))$"
    }
}
