import Networks

/// Reads a policy as receivers do (RFC 7208, section 4), and counts what that costs them.
struct SPFEvaluation {
    enum Result: Hashable {
        case pass, fail, softFail, neutral
        /// There is no policy.
        case none
        /// No receiver can use it, and why.
        case permanentError(String)
        /// Nobody can tell at the moment.
        case temporaryError(String)
    }

    private static let lookupLimit = 10
    private static let voidLimit = 2

    /// Terms that make receivers ask DNS; ten are allowed.
    private(set) var lookups = 0
    /// Of these, questions that had no answer; two are allowed.
    private(set) var voids = 0
    let macro: SPFMacro

    /// - Parameter macro: with no address nothing matches but `all`, and so every term is read.
    init(_ macro: SPFMacro) { self.macro = macro }

    mutating func evaluate(_ domain: String, in view: inout NameView, within open: [String] = []) -> Result {
        guard !open.contains(domain) else { return .permanentError("the policy of \(domain) includes itself") }
        if case .failed(let reason) = view.answer(domain, .txt) {
            return .temporaryError("the policy of \(domain) cannot be had: \(reason)")
        }
        let policies = view.texts(domain).filter(SPFRecord.isOne)
        guard policies.count < 2 else {
            return .permanentError("\(domain) has \(policies.count) policies; one is allowed")
        }
        guard let text = policies.first else { return .none }
        let record: SPFRecord
        do { record = try SPFRecord(text) } catch {
            return .permanentError("in the policy of \(domain), \(error.message)")
        }
        return evaluate(record, of: domain, in: &view, within: open + [domain])
    }

    private mutating func evaluate(
        _ record: SPFRecord, of domain: String, in view: inout NameView, within open: [String]
    ) -> Result {
        for directive in record.directives {
            switch matches(directive.mechanism, of: domain, in: &view, within: open) {
            case .success(false): continue
            case .success(true): return directive.qualifier.result
            case .failure(let stop): return stop.result
            }
        }
        guard let redirect = record.redirect, !record.directives.contains(where: { $0.mechanism == .all }) else {
            return .neutral
        }
        if let stop = countLookup() { return stop.result }
        guard let target = expand(redirect, domain) else { return .neutral }
        let result = evaluate(target, in: &view, within: open)
        return result == .none ? .permanentError("\(target), to which \(domain) redirects, has no policy") : result
    }

    private struct Stop: Error {
        var result: Result
    }

    private mutating func matches(
        _ mechanism: SPFRecord.Mechanism, of domain: String, in view: inout NameView, within open: [String]
    ) -> Swift.Result<Bool, Stop> {
        switch mechanism {
        case .all: return .success(macro.address != nil || open.count == 1)
        case .address(let network):
            return .success(macro.address.map { network.contains($0) } ?? false)
        case .include(let name): return included(name, by: domain, in: &view, within: open)
        case .a(let name, let four, let six):
            return asked(name, domain) { target, evaluation in
                let addresses = evaluation.addresses(target, in: &view)
                return evaluation.isAny(of: addresses, four, six)
            }
        case .mx(let name, let four, let six):
            return asked(name, domain) { target, evaluation in
                let hosts = view.exchanges(target).filter { !$0.isEmpty }
                if hosts.isEmpty { evaluation.voids += 1 }
                return evaluation.isAny(of: hosts.prefix(10).flatMap { view.addresses($0) }, four, six)
            }
        case .exists(let name):
            return asked(name, domain) { target, evaluation in
                let found = view.answer(target, .a) != .nothing
                if !found { evaluation.voids += 1 }
                return found && evaluation.macro.address != nil
            }
        case .ptr: return asked(nil, domain) { _, _ in false }
        }
    }

    private mutating func included(
        _ name: String, by domain: String, in view: inout NameView, within open: [String]
    ) -> Swift.Result<Bool, Stop> {
        if let stop = countLookup() { return .failure(stop) }
        guard let target = expand(name, domain) else { return .success(false) }
        switch evaluate(target, in: &view, within: open) {
        case .pass: return .success(macro.address != nil)
        case .fail, .softFail, .neutral: return .success(false)
        case .none:
            guard view.missing.isEmpty else { return .success(false) }
            return .failure(Stop(result: .permanentError("\(target), which \(domain) includes, has no policy")))
        case .permanentError(let message): return .failure(Stop(result: .permanentError(message)))
        case .temporaryError(let message): return .failure(Stop(result: .temporaryError(message)))
        }
    }

    /// Counts a term, and asks what its name says.
    private mutating func asked(
        _ name: String?, _ domain: String, _ body: (String, inout SPFEvaluation) -> Bool
    ) -> Swift.Result<Bool, Stop> {
        if let stop = countLookup() { return .failure(stop) }
        guard let target = name.map({ expand($0, domain) }) ?? domain else { return .success(false) }
        let matches = body(target, &self)
        guard voids <= Self.voidLimit else {
            return .failure(
                Stop(
                    result: .permanentError(
                        "more than \(Self.voidLimit) of its names have no answer, such as \(target)")))
        }
        return .success(matches)
    }

    private mutating func countLookup() -> Stop? {
        lookups += 1
        guard lookups > Self.lookupLimit else { return nil }
        return Stop(
            result: .permanentError("it makes receivers ask DNS more than \(Self.lookupLimit) times, which they refuse")
        )
    }

    private mutating func addresses(_ name: String, in view: inout NameView) -> [NetworkAddress] {
        let addresses = view.addresses(name)
        if addresses.isEmpty { voids += 1 }
        return addresses
    }

    private func isAny(of addresses: [NetworkAddress], _ four: Int, _ six: Int) -> Bool {
        guard let address = macro.address else { return false }
        return addresses.contains { Network($0, bits: $0.isSix ? six : four)?.contains(address) == true }
    }

    private func expand(_ text: String, _ domain: String) -> String? {
        var macro = macro
        macro.domain = domain
        return macro.expand(text)?.lowercased()
    }
}

extension SPFRecord.Qualifier {
    fileprivate var result: SPFEvaluation.Result {
        switch self {
        case .pass: .pass
        case .fail: .fail
        case .softFail: .softFail
        case .neutral: .neutral
        }
    }
}
