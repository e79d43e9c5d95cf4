import ArgumentParser

/// The options of plan and apply about runs under way.
struct ApplyOptions: ParsableArguments {
    @Option(
        help: """
            Move the runs of this journey to its newest version, by the names of their steps; those at a step that it does not \
            have stay. May be given several times.
            """)
    var migrate: [String] = []
    @Flag(help: "Let runs under way send the new wording of their e-mails, on the versions that they are on.")
    var content = false
}

/// What is to become of runs under way, besides that they stay on their versions.
struct ApplyOrder: Sendable {
    var migrate: [String] = []
    var content = false
}

extension ApplyOptions {
    var order: ApplyOrder { ApplyOrder(migrate: migrate, content: content) }
}
