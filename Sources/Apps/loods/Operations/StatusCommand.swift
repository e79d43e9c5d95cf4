import ArgumentParser
import Messaging
import Model
import Postgres
import ServiceRuntime
import Store
import Transit

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show what waits where.",
        discussion: "Rows of the store are counted up to \(Backlog.limit.grouped) of a kind: there may be more.")

    @OptionGroup var format: FormatOption

    func run() async throws {
        let (database, broker) = try Settings.read { (Settings.databaseURL(&$0), Settings.brokerURL(&$0)) }
        let (clock, backlog) = try await PostgresPool.lend(database) { pool in
            try await pool.withTransaction { session in
                let clock = try DomainClock.reading(in: session)
                return (clock, try Backlog.read(at: clock.now, in: session))
            }
        }
        let depths = try await Topology.depths(Settings.broker(broker))
        let status = Status(clock: clock, backlog: backlog, depths: depths, machineNow: MachineClock.host.now)
        if format.json { Console.show(status.json) } else { status.say() }
    }
}

/// What waits where, at one moment.
private struct Status {
    let clock: DomainClock.Reading
    let backlog: Backlog
    let depths: [Topology.Depth]
    let machineNow: Timestamp

    private var outboxAge: Span? { backlog.oldestOutbox.map { max(.zero, machineNow - $0) } }

    func say() {
        print("clock      \(clock.now)   \(clock.mode.rawValue)\n")
        print(Console.dim("queue".padded(to: 22) + "waiting".leading(to: 9) + "consumers".leading(to: 12)))
        for depth in depths {
            let name = depth.queue.name(in: depth.lane)
            print(name.padded(to: 22) + depth.ready.grouped.leading(to: 9) + depth.consumers.grouped.leading(to: 12))
        }
        let age = outboxAge.map { ", the oldest for \(Duration.microseconds($0.microseconds).brief)" } ?? ""
        let next = backlog.nextTimer.map { ", next at \($0)" } ?? ""
        print("\noutbox     \(words(backlog.outbox)) \(backlog.outbox == 1 ? "row" : "rows")\(age)")
        print("timers     \(words(backlog.dueTimers)) due of \(words(backlog.timers))\(next)")
        print(
            "messages   \(words(backlog.dueMessages)) due, \(words(backlog.heldMessages)) held, "
                + "\(words(backlog.claimedMessages)) claimed, \(words(backlog.handedMessages)) handed")
        print("set aside  \(words(backlog.setAside))" + (backlog.setAside > 0 ? "   loods set-aside list" : ""))
    }

    /// `1,204`, and `100,000+` where counting has stopped.
    private func words(_ count: Int64) -> String { count.grouped + (count < Backlog.limit ? "" : "+") }

    var json: JSON {
        .object([
            "clock": .object(["now": .string(clock.now.description), "mode": .string(clock.mode.rawValue)]),
            "queues": .array(
                depths.map { depth in
                    .object([
                        "queue": .string(depth.queue.rawValue), "lane": .string(depth.lane.rawValue),
                        "ready": .int(Int64(depth.ready)), "consumers": .int(Int64(depth.consumers)),
                    ])
                }),
            "outbox": .object([
                "rows": .int(backlog.outbox),
                "oldest_seconds": outboxAge.map { .double(Double($0.microseconds / 1000) / 1000) } ?? .null,
            ]),
            "timers": .object([
                "due": .int(backlog.dueTimers), "all": .int(backlog.timers),
                "next": backlog.nextTimer.map { .string($0.description) } ?? .null,
            ]),
            "messages": .object([
                "due": .int(backlog.dueMessages), "held": .int(backlog.heldMessages),
                "claimed": .int(backlog.claimedMessages), "handed": .int(backlog.handedMessages),
            ]),
            "set_aside": .int(backlog.setAside),
        ])
    }
}
