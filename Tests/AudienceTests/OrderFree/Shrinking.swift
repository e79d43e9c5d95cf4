/// Makes a failing play smaller: leaves out halves, then smaller parts, as long as it goes on failing.
struct Shrinking {
    private var play: Play
    private var complaint: String
    private var story: [String] = []
    /// So many plays may be tried; and each several times, since a fault of concurrency hides now and then.
    private var tries = 120
    private static let repetitions = 3

    init(_ play: Play, saying complaint: String) {
        self.play = play
        self.complaint = complaint
    }

    /// The smallest failing case found, in words.
    func smallest() async throws -> String {
        var shrinking = self
        try await shrinking.shrink()
        return "smallest case found: \(shrinking.complaint)\n" + shrinking.story.joined(separator: "\n")
    }

    private mutating func shrink() async throws {
        let all = try await play.run()
        story = all.story
        var kept = Array(0..<all.events)
        var size = kept.count / 2
        while size > 0, tries > 0 {
            var isSmaller = false
            for start in stride(from: 0, to: kept.count, by: size).reversed() where start < kept.count {
                let rest = Array(kept[..<start] + kept[min(start + size, kept.count)...])
                guard try await fails(rest) else { continue }
                kept = rest
                isSmaller = true
            }
            if !isSmaller || size > kept.count / 2 { size /= 2 }
        }
    }

    private mutating func fails(_ kept: [Int]) async throws -> Bool {
        guard tries > 0 else { return false }
        tries -= 1
        for _ in 0..<Self.repetitions {
            let outcome = try await Play(seed: play.seed, kept: Set(kept)).run()
            guard let first = outcome.complaints.first else { continue }
            (complaint, story) = (first, outcome.story)
            return true
        }
        return false
    }
}
