import Model

extension SetAside {
    /// Beyond so many the history begins anew: an item may be replayed again and again.
    static let longestHistory: Int32 = 100

    static func text(_ history: [Attempt]) -> String {
        let lines = history.map { attempt in
            JSON.object([
                "at": .string(attempt.at.description), "worker": .string(attempt.worker), "what": .string(attempt.what),
            ])
        }
        return String(decoding: JSON.array(lines).serialized, as: UTF8.self)
    }

    static func attempts(in text: String) throws -> [Attempt] {
        try JSON(parsing: Array(text.utf8)).array?.compactMap { line in
            guard let at = line["at"]?.string.flatMap({ Timestamp(iso8601: $0) }), let worker = line["worker"]?.string,
                let what = line["what"]?.string
            else { return nil }
            return Attempt(at: at, worker: worker, what: what)
        } ?? []
    }
}
