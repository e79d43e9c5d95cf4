/// Gathers single requests into batches, clocked by itself: a request goes at once while nothing is under way, and
/// otherwise with the next batch.
///
/// So one slow transaction carries what came meanwhile, and a lone request never waits for company. A request that was
/// submitted is performed, also where its task is cancelled.
actor Coalescer<Request: Sendable, Answer: Sendable> {
    private var waiting: [(request: Request, reply: CheckedContinuation<Answer, any Error>)] = []
    private var isBusy = false
    private let limit: Int
    private let perform: @Sendable ([Request]) async throws -> [Answer]

    /// How many wait for the batch under way.
    var waitingCount: Int { waiting.count }

    /// - Parameters:
    ///   - limit: requests in one batch at most.
    ///   - perform: answers each request of a batch, in order.
    init(limit: Int, perform: @escaping @Sendable ([Request]) async throws -> [Answer]) {
        self.limit = limit
        self.perform = perform
    }

    /// The answer to a request, or the error of the batch that it was in.
    func submit(_ request: Request) async throws -> Answer {
        try await withCheckedThrowingContinuation { reply in
            waiting.append((request, reply))
            if !isBusy { next() }
        }
    }

    private func next() {
        isBusy = !waiting.isEmpty
        guard isBusy else { return }
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
        next()
    }
}
