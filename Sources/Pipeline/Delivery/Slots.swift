/// A bound on how much is under way at once.
actor Slots {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// How many wait to enter.
    var waitingCount: Int { waiting.count }

    init(_ count: Int) { free = count }

    func enter() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    /// Returns when nobody need wait.
    func untilFree() async {
        guard free == 0 else { return }
        await enter()
        leave()
    }

    func leave() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}
