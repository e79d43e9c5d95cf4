import Contracts
import Expressions
import Model
import Scores
import Store
import Workspaces

/// One contact's scores while a batch is applied to it.
struct PersonScoring {
    private let contact: ContactKey
    private let rescoring: Rescoring
    private let models: [ScoreModel]
    private var books: [String: ScoreBook] = [:]
    private let loaded: [String: ScoreBalance]
    private let lists: [String: [ScoreBook.Slot: CountedEvents]]

    /// Scores that are counted afresh begin with what is carried over, and the log as it was before the batch.
    ///
    /// - Throws: `ScoreOverflow`.
    init(_ newcomer: Person.Newcomer, _ facts: LoadedFacts) throws {
        contact = newcomer.contact
        rescoring = newcomer.rescoring
        models = newcomer.rules.workspace.scores
        loaded = facts.balances(of: contact)
        let capped = models.filter(\.hasCaps)
        lists = capped.reduce(into: [:]) { $0[$1.name] = facts.counted(of: newcomer.contact, in: $1) }
        if !rescoring.models.isEmpty {
            let past = facts.history(of: contact).events.without(newcomer.events)
            for model in rescoring.models {
                books[model.name] = try ScoreBook(model, carried: facts.carried(of: contact, in: model), of: past)
            }
        }
        guard newcomer.hasMerged else { return }
        for model in capped where books[model.name] == nil && !(lists[model.name] ?? [:]).isEmpty {
            var book = book(of: model)
            try book.settle()
            books[model.name] = book
        }
    }

    private func book(of model: ScoreModel) -> ScoreBook {
        books[model.name]
            ?? ScoreBook(
                model, balance: loaded[model.name] ?? ScoreBalance(), counted: lists[model.name] ?? [:])
    }

    /// Every score's balance, as far as it was asked for.
    var balances: [String: ScoreBalance] { loaded.merging(books.mapValues(\.balance)) { $1 } }

    func balance(of model: String) -> ScoreBalance? { books[model]?.balance ?? loaded[model] }

    /// Adds the points of an event.
    ///
    /// - Returns: the scores that it may have changed.
    /// - Throws: `ScoreOverflow`.
    mutating func add(_ event: AcceptedEvent) throws -> [String] {
        let concerned = models.filter { $0.mentions(event.name) }
        guard !concerned.isEmpty else { return [] }
        let seen = try event.seen(by: concerned)
        for model in concerned {
            var book = book(of: model)
            books[model.name] = nil
            try book.add(seen)
            books[model.name] = book
        }
        return concerned.map(\.name)
    }

    // MARK: What is to be written

    private func isAfresh(_ model: String) -> Bool { rescoring.models.contains { $0.name == model } }

    /// The scores whose sums and lists are written anew.
    var cleared: [(contact: ContactKey, model: String)] { rescoring.names.map { (contact, $0) } }

    var addends: [ScoreSums.Row] {
        books.flatMap { name, book in
            (isAfresh(name) ? book.balance : book.added).terms.map {
                ScoreSums.Row(contact: contact, model: name, term: $0)
            }
        }
    }

    var counts: [ScoreCounts.Row] {
        books.flatMap { name, book in
            (isAfresh(name) ? Set(book.counted.keys) : book.recounted).map { slot in
                ScoreCounts.Row(
                    contact: contact, slot: ScoreCounts.Slot(model: name, rule: slot.rule, day: slot.day),
                    counted: book.counted[slot]?.places ?? [])
            }
        }
    }
}

extension [HistoryEvent] {
    /// Leaves each of `events` out once.
    fileprivate func without(_ events: [AcceptedEvent]) -> [HistoryEvent] {
        var left: [Occasion: Int] = [:]
        for event in events { left[Occasion(place: event.position, name: event.name), default: 0] += 1 }
        return filter { event in
            let occasion = Occasion(place: event.position, name: event.name)
            guard let count = left[occasion], count > 0 else { return true }
            left[occasion] = count - 1
            return false
        }
    }
}

private struct Occasion: Hashable {
    var place: HistoryPosition
    var name: String
}
