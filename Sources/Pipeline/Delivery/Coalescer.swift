/// Gathers single requests into batches, clocked by itself: a request goes at once while nothing is under way, and
/// otherwise with the next batch.
///
/// So one slow transaction carries what came meanwhile, and a lone request never waits for company, unless company is about to
/// come. A request that was submitted is performed, also where its task is cancelled.
actor Coalescer<Request: Sendable, Answer: Sendable> {
    private enum Activity: Equatable {
        case none
        /// A batch waits for those that are about to come; its number tells it from the ones after it.
        case gathering(Int)
        case performing
    }

    private var waiting: [(request: Request, reply: CheckedContinuation<Answer, any Error>)] = []
    private var activity = Activity.none
    private var gatherings = 0
    private let limit: Int
    private let patience: Duration
    private let expectsMore: @Sendable () -> Bool
    private let perform: @Sendable ([Request]) async throws -> [Answer]

    /// How many are in no batch yet.
    var waitingCount: Int { waiting.count }

    /// - Parameters:
    ///   - limit: requests in one batch at most.
    ///   - patience: how long a batch waits for others.
    ///   - expectsMore: whether others are about to come.
    ///   - perform: answers each request of a batch, in order.
    init(
        limit: Int, patience: Duration = .milliseconds(5), expectsMore: @escaping @Sendable () -> Bool = { false },
        perform: @escaping @Sendable ([Request]) async throws -> [Answer]
    ) {
        self.limit = limit
        self.patience = patience
        self.expectsMore = expectsMore
        self.perform = perform
    }

    /// The answer to a request, or the error of the batch that it was in.
    func submit(_ request: Request) async throws -> Answer {
        try await withCheckedThrowingContinuation { reply in
            waiting.append((request, reply))
            if activity != .performing { begin() }
        }
    }

    private func begin() {
        guard waiting.count < limit, expectsMore() else { return next() }
        guard activity == .none else { return }
        gatherings += 1
        activity = .gathering(gatherings)
        let gathering = activity
        // Awaited by nobody: it ends soon, and leaves alone what was begun meanwhile.
        Task {
            try? await Task.sleep(for: patience)
            if activity == gathering { next() }
        }
    }

    private func next() {
        activity = .performing
        let batch = Array(waiting.prefix(limit))
        waiting.removeFirst(batch.count)
        // Whoever submitted awaits the batch through its own continuation.
        Task { await run(batch) }
    }

    private func run(_ batch: [(request: Request, reply: CheckedContinuation<Answer, any Error>)]) async {
        do {
            let answers = try await perform(batch.map(\.request))
            for (entry, answer) in zip(batch, answers) { entry.reply.resume(returning: answer) }
        } catch {
            for entry in batch { entry.reply.resume(throwing: error) }
        }
        activity = .none
        if !waiting.isEmpty { begin() }
    }
}
