/// One measurement: how many items in what time, and who worked.
struct Sample: Sendable {
    var items: Int
    var seconds: Double
    /// Processor seconds by process.
    var work: [String: Double]

    /// Items a second.
    var rate: Double { Double(items) / seconds }

    /// Items a core-second; what sends and what swallows is not counted.
    var ratePerCore: Double {
        Double(items) / work.filter { $0.key != ProcessorTime.own && $0.key != ProcessGroup.sink }.values.reduce(0, +)
    }

    /// Core-microseconds an item, by process.
    var cost: [String: Double] { work.mapValues { $0 / Double(items) * 1e6 } }

    /// Runs `body` and measures it.
    static func of(
        _ items: Int, by processes: [ProcessGroup], _ body: () async throws -> Void
    ) async rethrows -> Sample {
        let before = ProcessorTime.now(processes)
        let start = ContinuousClock.now
        try await body()
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        return Sample(items: items, seconds: seconds, work: ProcessorTime.now(processes) - before)
    }
}

extension [Double] {
    /// The middle one; of an even number the lower of the two, so that it is always one that was measured.
    var median: Double { isEmpty ? .nan : sorted()[(count - 1) / 2] }

    /// Standard deviation over mean.
    var variation: Double {
        guard count > 1 else { return 0 }
        let mean = reduce(0, +) / Double(count)
        let square = reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count - 1)
        return square.squareRoot() / mean
    }
}
