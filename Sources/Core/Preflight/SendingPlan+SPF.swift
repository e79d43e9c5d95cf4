import Networks

extension SendingPlan {
    func spf(in view: inout NameView) -> [PreflightFinding] {
        let domain = returnPath
        var reading = SPFEvaluation(macro(nil))
        let ending = reading.evaluate(domain, in: &view)
        let cost = "\(reading.lookups) of 10 questions to DNS"
        switch ending {
        case .none:
            return [
                PreflightFinding(
                    .error, "spf", "\(domain), where mails come back to, has no SPF policy",
                    help: "publish TXT \"v=spf1 … -all\" at \(domain), naming the servers that send")
            ]
        case .permanentError(let message):
            return [
                PreflightFinding(
                    .error, "spf", message, help: "receivers treat it as no policy (RFC 7208, section 4.6)")
            ]
        case .temporaryError(let message): return [PreflightFinding(.error, "spf", message)]
        case .pass:
            return [
                PreflightFinding(
                    .error, "spf", "the policy of \(domain) ends in +all: everybody may send in its name",
                    help: "end it in -all or ~all")
            ]
        case .neutral:
            return [
                PreflightFinding(
                    .warning, "spf", "the policy of \(domain) says nothing of other servers; \(cost)",
                    help: "end it in -all or ~all")
            ] + sources(in: &view)
        case .fail, .softFail:
            return [PreflightFinding(.passed, "spf", "\(domain) has a policy; \(cost)")] + sources(in: &view)
        }
    }

    /// Whether the policy lets each of the addresses send.
    private func sources(in view: inout NameView) -> [PreflightFinding] {
        if sources.isEmpty {
            return [
                PreflightFinding(
                    .note, "spf", "whether the policy names the servers that send was not looked at",
                    help: "name their public addresses with --source")
            ]
        }
        return sources.map { address in
            var evaluation = SPFEvaluation(macro(address))
            switch evaluation.evaluate(returnPath, in: &view) {
            case .pass: return PreflightFinding(.passed, "spf", "\(address) may send for \(returnPath)")
            case .permanentError(let message), .temporaryError(let message):
                return PreflightFinding(.error, "spf", "for \(address), \(message)")
            case .fail, .softFail, .neutral, .none:
                return PreflightFinding(
                    .error, "spf", "\(address) may not send for \(returnPath)",
                    help: "add \(address.isSix ? "ip6" : "ip4"):\(address) to the policy, or include: of whoever sends")
            }
        }
    }

    private func macro(_ address: NetworkAddress?) -> SPFMacro {
        SPFMacro(sender: returnPath, domain: returnPath, address: address, helo: helo ?? returnPath)
    }
}
