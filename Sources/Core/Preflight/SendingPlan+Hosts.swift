import Networks

extension SendingPlan {
    /// Where what comes back of mails goes.
    func exchangers(in view: inout NameView) -> [PreflightFinding] {
        var findings = exchanger(of: returnPath, "where mails come back to", .error, in: &view)
        if returnPath != from { findings += exchanger(of: from, "where people answer to", .warning, in: &view) }
        return findings
    }

    private func exchanger(
        of domain: String, _ what: String, _ severity: PreflightFinding.Severity, in view: inout NameView
    ) -> [PreflightFinding] {
        if case .failed(let reason) = view.answer(domain, .mx) {
            return [PreflightFinding(severity, "mx", "the mail exchangers of \(domain) cannot be looked up: \(reason)")]
        }
        let hosts = view.exchanges(domain)
        if hosts == [""] {
            return [
                PreflightFinding(
                    severity, "mx", "\(domain), \(what), takes no mail: its MX is null",
                    help: "publish an MX record (RFC 7505)")
            ]
        }
        guard !hosts.isEmpty else {
            guard view.addresses(domain).isEmpty else {
                return [PreflightFinding(.note, "mx", "\(domain) has no MX: its own address takes its mail")]
            }
            return [
                PreflightFinding(
                    severity, "mx", "\(domain), \(what), has no mail exchanger", help: "publish an MX record")
            ]
        }
        let lost = hosts.filter { view.addresses($0).isEmpty }
        if !lost.isEmpty {
            return [
                PreflightFinding(
                    lost.count == hosts.count ? severity : .warning, "mx",
                    "of \(domain) the mail exchanger \(lost.joined(separator: ", ")) has no address")
            ]
        }
        return [PreflightFinding(.passed, "mx", "the mail of \(domain) goes to \(hosts.joined(separator: ", "))")]
    }

    /// Receivers refuse addresses that do not say whose they are, or say what is not so.
    func reverse(in view: inout NameView) -> [PreflightFinding] {
        sources.map { address in
            let names = view.answer(address.reverseName, .ptr).values
            guard !names.isEmpty else {
                return PreflightFinding(
                    .error, "ptr", "\(address) has no PTR record, without which large providers refuse mail",
                    help: "ask whoever gave you the address")
            }
            let confirmed = names.first { view.addresses($0).contains(address) }
            guard let confirmed else {
                return PreflightFinding(
                    .error, "ptr", "\(address) is called \(names.joined(separator: ", ")), which is not at \(address)",
                    help: "publish an address record of that name, or change the PTR")
            }
            return PreflightFinding(.passed, "ptr", "\(address) is \(confirmed), and that is \(address)")
        }
    }

    func greeting(in view: inout NameView) -> [PreflightFinding] {
        guard let helo, !sources.isEmpty else { return [] }
        let addresses = view.addresses(helo)
        guard !addresses.isEmpty else {
            return [
                PreflightFinding(
                    .error, "helo", "\(helo), by which mail servers are greeted, has no address",
                    help: "LOODS_HELO is to be the name that the PTR gives")
            ]
        }
        let others = sources.filter { !addresses.contains($0) }
        guard others.isEmpty else {
            return [
                PreflightFinding(
                    .warning, "helo",
                    "\(helo), by which mail servers are greeted, is not at \(others.map(\.description).joined(separator: ", "))",
                    help:
                        "LOODS_HELO is to be the name that the PTR gives, and helo= of a relay where it has an address of its own"
                )
            ]
        }
        return [PreflightFinding(.passed, "helo", "\(helo) is where mails come from")]
    }

    func tracking(in view: inout NameView) -> [PreflightFinding] {
        guard let trackingHost else { return [] }
        guard view.addresses(trackingHost).isEmpty else {
            return [PreflightFinding(.passed, "tracking", "\(trackingHost), where links begin, has an address")]
        }
        return [
            PreflightFinding(
                .error, "tracking", "\(trackingHost), where links and the way out begin, has no address",
                help: "publish it, as an alias of the public address of ingest")
        ]
    }
}
