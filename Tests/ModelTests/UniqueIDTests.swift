import Model
import Testing

struct UniqueIDTests {
    @Test func isWrittenAndReadAsUUID() throws {
        let id = UniqueID(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210)
        #expect(id.description == "01234567-89ab-cdef-fedc-ba9876543210")
        #expect(UniqueID("01234567-89AB-CDEF-FEDC-BA9876543210") == id)
        #expect(UniqueID(UniqueID(high: 0, low: 1).description) == UniqueID(high: 0, low: 1))
    }

    @Test(arguments: [
        "", "01234567-89ab-cdef-fedc-ba987654321", "01234567-89ab-cdef-fedc-ba98765432100",
        "0123456789ab-cdef-fedc-ba9876543210-", "g1234567-89ab-cdef-fedc-ba9876543210",
        "{1234567-89ab-cdef-fedc-ba987654321}", "01234567_89ab_cdef_fedc_ba9876543210",
    ])
    func isRefused(text: String) {
        #expect(UniqueID(text) == nil)
    }

    @Test func derivedIDsAreStableAndDependOnEveryPart() {
        let id = UniqueID.derived("loods.test", "a", "bc")
        // SHA-256 over 0a000000 "loods.test" 01000000 "a" 02000000 "bc", cut and marked.
        #expect(id.description == "98901677-96bc-89f5-a0bb-a90d44de4cd4")
        for other in [
            UniqueID.derived("loods.test", "ab", "c"), .derived("loods.test", "a", "bc", ""),
            .derived("loods.test", "abc"),
            .derived("loods.tes", "ta", "bc"), .derived("loods.test", "bc", "a"),
        ] {
            #expect(other != id)
        }
        #expect(id.description.dropFirst(14).first == "8")
    }

    @Test func idsSortAsTheirTextDoes() {
        var ids = (0..<500).map { UniqueID.derived("sort", String($0)) }
        ids.sort()
        #expect(ids.map(\.description) == ids.map(\.description).sorted())
    }

    @Test func randomIDsAreVersionFour() {
        let ids = (0..<100).map { _ in UniqueID.random() }
        #expect(Set(ids).count == 100)
        #expect(ids.allSatisfy { $0.description.dropFirst(14).first == "4" })
        #expect(ids.allSatisfy { "89ab".contains($0.description.dropFirst(19).first!) })
    }

    @Test func addressesCompareWithoutCaseAndIDsWithIt() {
        let workspace = WorkspaceID(rawValue: 1)
        #expect(Identity(.email, "Anne@Example.COM") == Identity(.email, "anne@example.com"))
        #expect(Identity(.user, "Anne") != Identity(.user, "anne"))
        #expect(Identity(.user, "x").subjectID(in: workspace) != Identity(.anonymous, "x").subjectID(in: workspace))
        #expect(
            Identity(.user, "x").subjectID(in: workspace)
                != Identity(.user, "x").subjectID(in: WorkspaceID(rawValue: 2)))
        #expect(Identity.Kind.allCases.min() == .user)
    }
}
