import Contracts
import Model
import Postgres
import Store

/// What the horizon of the log makes of a batch; `EventRetention` states the rules.
struct PastRetention {
    /// The events that may be stored.
    let taken: [AcceptedEvent]
    /// Those that were sent before the horizon.
    let late: [AcceptedEvent]
    private let horizon: Timestamp?

    /// - Parameter now: of the batch; only what was sent more than a month before can meet a horizon.
    init(_ events: [AcceptedEvent], now: Timestamp, in session: PostgresSession) throws {
        let youngest = now - .days(Int64(EventRetention.shortest))
        guard events.contains(where: { $0.sentTime.map { $0 < youngest } ?? false }),
            let horizon = try EventRetention.read(in: session).horizon
        else {
            (taken, late, horizon) = (events, [], nil)
            return
        }
        var (taken, late): ([AcceptedEvent], [AcceptedEvent]) = ([], [])
        for event in events {
            guard let sent = event.sentTime, sent < horizon, sent > EventRetention.untimed else {
                taken.append(event)
                continue
            }
            if event.at < horizon {
                late.append(event)
            } else {
                // Of a clock that is years behind: as good as no timestamp.
                var event = event
                event.sentTime = nil
                taken.append(event)
            }
        }
        (self.taken, self.late, self.horizon) = (taken, late, horizon)
    }

    /// The late ones as they are set aside.
    func items(_ lane: String, machineNow: Timestamp) -> [SetAside.Item] {
        late.map { event in
            var item = event.alone(lane)
            item.setAsideAt = machineNow
            item.reason = Self.reason(sent: event.sentTime ?? event.at, horizon: horizon ?? event.at)
            return item
        }
    }

    static func reason(sent: Timestamp, horizon: Timestamp) -> String {
        "\(SetAside.pastRetention): sent at \(sent), and the log goes back to \(horizon)"
    }
}
