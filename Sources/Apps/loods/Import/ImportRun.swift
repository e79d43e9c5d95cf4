import Contracts
import ServiceRuntime

/// A file on its way into the bulk lane: read, put in order where that matters, packed and published.
struct ImportRun {
    private(set) var summary: ImportSummary

    private var source: any EventSource
    /// Bytes of the file, inflated.
    private let size: Int
    private let publishing: BulkPublishing
    private var bodies: EventBodies
    private var sorting: EventSorting?
    private var sorted: SortedEvents?
    private var arrival: Arrival?

    /// - Parameters:
    ///   - sorting: nil sends events as they stand in the file, several bodies at a time.
    ///   - arrival: waits at the end; nil does not.
    init(
        _ source: any EventSource, size: Int, by publishing: BulkPublishing, bodies: EventBodies,
        sorting: EventSorting?,
        arrival: Arrival?, summary: ImportSummary
    ) {
        self.source = source
        self.size = size
        self.publishing = publishing
        self.bodies = bodies
        self.sorting = sorting
        self.arrival = arrival
        self.summary = summary
    }

    /// - Throws: `RecordFault` where the file as a whole cannot be read on; `ExitFault` where it was interrupted.
    mutating func bring() async throws {
        try sort()
        var progress = Progress("events")
        defer { progress.end() }
        try await publish(&progress)
        progress.end()
        summary.elapsed = progress.elapsed
        try refuseInterruption()
        if var arrival { summary.setAside = try await arrival.wait(publishing.store) }
    }

    private func refuseInterruption() throws {
        guard Interruption.hasCome else { return }
        throw ExitFault(
            code: .failures,
            message: """
                interrupted: \(summary.published.counted("event")) published. The same command begins at the first row \
                again, and what has arrived by then changes nothing
                """)
    }

    private mutating func sort() throws {
        guard var sorting else { return }
        self.sorting = nil
        var progress = Progress("rows read")
        defer { progress.end() }
        while let events = try read() {
            for event in events { try sorting.add(event) }
            try refuseInterruption()
            progress.show(sorting.count, fraction: fractionRead)
        }
        sorted = try sorting.sorted()
    }

    private var fractionRead: Double { Double(source.position) / Double(max(1, size)) }

    /// The events of the file's next rows; nil at its end.
    private mutating func read() throws -> [AcceptedEvent]? {
        guard let rows = try source.next() else { return nil }
        var events: [AcceptedEvent] = []
        for row in rows {
            switch row {
            case .event(let event): events.append(event)
            case .rejected(let rejection): try summary.reject(rejection)
            }
        }
        return events
    }

    /// The next events in the order of travel; nil behind the last.
    private mutating func next() throws -> [AcceptedEvent]? {
        guard sorted != nil else { return try read() }
        return try sorted?.next().map { [$0] }
    }

    /// Publishes with a bounded number of bodies under way; sorted ones strictly one behind the other.
    private mutating func publish(_ progress: inout Progress) async throws {
        let window = sorted == nil ? BulkPublishing.window : 1
        let total = sorted?.count
        let publishing = publishing
        try await withThrowingTaskGroup(of: Int.self) { group in
            var underWay = 0
            func send(_ body: EventBodies.Body) async throws {
                if underWay == window, let count = try await group.next() {
                    summary.published += count
                    underWay -= 1
                }
                arrival?.note(body)
                group.addTask { try await publishing.publish(body) }
                underWay += 1
                let fraction = total.map { Double(summary.published) / Double(max(1, $0)) } ?? fractionRead
                progress.show(summary.published, fraction: fraction)
            }
            while !Interruption.hasCome, let events = try next() {
                for event in events { if let body = bodies.add(event) { try await send(body) } }
            }
            if !Interruption.hasCome, let body = bodies.take() { try await send(body) }
            for try await count in group { summary.published += count }
        }
    }
}
