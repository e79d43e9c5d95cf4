import Expressions
import Model

/// Segments each of which holds on one side of a threshold, all of the same number: it is worked out once for all of them.
struct ThresholdLadder: Sendable {
    /// Where the segments stand among the questions.
    let places: Places
    private let subject: ThresholdTest.Subject
    /// From the lowest on, each once.
    private let thresholds: [Double]
    /// The places that hold below the first threshold, at it, between it and the second, at that, and so on.
    private let holding: [Places]

    /// - Parameter tests: by their places, of one subject.
    fileprivate init(_ subject: ThresholdTest.Subject, _ tests: [(place: Int, test: ThresholdTest)]) {
        self.subject = subject
        places = Places(tests.map(\.place))
        let thresholds = Set(tests.map(\.test.threshold)).sorted()
        self.thresholds = thresholds
        let numbers = thresholds.flatMap { [$0.nextDown, $0] } + [thresholds.last?.nextUp ?? 0]
        holding = numbers.map { number in Places(tests.lazy.filter { $0.test.holds(of: number) }.map(\.place)) }
    }

    /// The ladders of questions that have others of the same number beside them.
    ///
    /// - Parameter conditions: by place; nil where something besides the condition decides.
    static func all(of conditions: [Expression?]) -> [ThresholdLadder] {
        let tests = conditions.enumerated().compactMap { place, condition in
            condition?.thresholdTest.map { (place: place, test: $0) }
        }
        return Dictionary(grouping: tests, by: \.test.subject).filter { $0.value.count > 1 }
            .sorted { $0.value[0].place < $1.value[0].place }.map { ThresholdLadder($0.key, $0.value) }
    }

    /// The places that hold, and an instant before which time alone changes nothing of that: the number comes to the nearest
    /// thresholds before it comes to any other.
    func answer(in facts: ContactFacts) -> (holding: Places, validUntil: Timestamp) {
        let number = subject.number(in: facts)
        let step = step(of: number.value)
        let validUntil = nearest(to: step).reduce(number.changesAt) { min($0, subject.steadyUntil($1, in: facts)) }
        return (holding[step], validUntil)
    }

    /// Where a number stands in `holding`.
    private func step(of number: Double) -> Int {
        var (low, high) = (0, thresholds.count)
        while low < high {
            let middle = low + (high - low) / 2
            if thresholds[middle] < number { low = middle + 1 } else { high = middle }
        }
        return low < thresholds.count && thresholds[low] == number ? low * 2 + 1 : low * 2
    }

    /// The thresholds beside a step; of one that is a threshold, that one, which is left first.
    private func nearest(to step: Int) -> ArraySlice<Double> {
        let place = step / 2
        let isThreshold = !step.isMultiple(of: 2)
        return isThreshold
            ? thresholds[place...place] : thresholds[max(0, place - 1)..<min(thresholds.count, place + 1)]
    }
}
