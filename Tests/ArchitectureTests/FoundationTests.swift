import Testing

/// Foundation weighs 60 MB in a static executable and reads the machine's locale, zone and files: it is used by choice.
@Suite struct FoundationTests {
    /// The files that import it, and for what. Files of the command line and of the mail catcher may as they like.
    private static let reasons = [
        "Sources/Core/Model/LocalZone.swift": "the rules of time zones",
        "Sources/ServiceRuntime/JSONLogHandler.swift": "the date of a log line",
        "Sources/ServiceRuntime/ServiceMain.swift": "the environment",
        "Sources/ServiceRuntime/SecretFile.swift": "files of settings",
        "Sources/ServiceRuntime/SecretFolder.swift": "what files there are",
        "Sources/Pipeline/Ingestion/Requests/Credentials.swift": "base64",
        "Sources/Pipeline/Delivery/Cards/CardFiles.swift": "files, beside the threads that tasks share",
        "Sources/Pipeline/Delivery/Cards/CardPrinter.swift": "files",
        "Sources/Pipeline/Delivery/Cards/HeadlessChromium.swift": "a process of its own, and its files",
        "Sources/Pipeline/Delivery/Samples/MailPictures.swift": "files",
        "Sources/Pipeline/Delivery/Cards/CardCarrier.swift": "base64, and what an error says",
        "Sources/Pipeline/Delivery/Cards/CardFolder.swift": "files that are put in place whole",
        "Sources/Apps/mailer/MailerSettings.swift": "this host's name, and files that can be run",
        "Sources/Pipeline/Delivery/RelayList.swift": "the parts of a URL",
    ]

    @Test func foundationIsImportedForAReason() throws {
        let users = try SourceTree.sources().filter { file in
            !["loods", "catcher"].contains(file.target)
                && !file.imports.isDisjoint(with: ["Foundation", "FoundationEssentials"])
        }
        #expect(Set(users.map(\.path)) == Set(Self.reasons.keys))
    }
}
