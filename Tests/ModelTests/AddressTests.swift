import Model
import Testing

/// E-mail addresses whose domains are written in more ways than one.
@Suite struct AddressTests {
    @Test(arguments: [
        ("Kim@Bücher.example", "kim@xn--bcher-kva.example"), ("kim@BU\u{308}CHER.Example", "kim@xn--bcher-kva.example"),
        ("KIM@XN--BCHER-KVA.example", "kim@xn--bcher-kva.example"), ("Kim@Shop.example", "kim@shop.example"),
        ("kim@faß.de", "kim@xn--fa-hia.de"), ("Jörg@shop.example", "jörg@shop.example"),
        // No names of domains: they stay, and compare as text.
        ("kim@bü_cher.example", "kim@bü_cher.example"), ("bücher.example", "bücher.example"), ("kim@ü", "kim@xn--tda"),
        ("", ""), ("@", "@"),
    ])
    func oneAddressIsComparedInOneWay(_ written: String, _ compared: String) {
        #expect(written.comparedAddress == compared)
        #expect(compared.comparedAddress == compared, "as it is compared already")
        #expect(Identity(.email, written) == Identity(.email, compared))
    }

    @Test func theDomainThatDNSKnowsChangesNothingElse() {
        #expect("Kim@Bücher.example".addressOfDNS == "Kim@xn--bcher-kva.example")
        #expect("Kim@Shop.example".addressOfDNS == "Kim@Shop.example")
        let long = String(repeating: "k", count: 250 - 15) + "@bücher.example"
        #expect(long.addressOfDNS == long, "it would be longer than an address may be")
    }

    @Test func whatWasWrittenBeforeIsFoundInItsSpelling() {
        for written in ["Kim@Bücher.example", "kim@xn--bcher-kva.example"] {
            #expect(written.addressSpellings == ["kim@bücher.example", "kim@xn--bcher-kva.example"])
        }
        #expect("Kim@Shop.example".addressSpellings == ["kim@shop.example"])
        #expect("kim@xn--\u{1}.example".addressSpellings == ["kim@xn--\u{1}.example"])
    }

    @Test func userIdsStayAsTheyAre() { #expect(Identity(.user, "Kim@Bücher.example").value == "Kim@Bücher.example") }

    @Test func aWithdrawalAtOneSpellingIsOneAtTheOther() {
        let anne = ContactKey(workspace: WorkspaceID(rawValue: 1), contact: UniqueID(high: 0, low: 1))
        func line(_ state: ConsentEntry.State, _ address: String, _ seconds: Int64) -> ConsentEntry {
            ConsentEntry(
                contact: anne, topic: "news", address: address, at: Timestamp(seconds: seconds), eventID: "e",
                state: state, wording: nil, source: "server")
        }
        var lines: [ConsentEntry] = []
        lines.take(line(.given, "anne@bücher.example", 1))
        #expect(lines.topics(givenAt: "Anne@XN--bcher-kva.example") == ["news"])
        lines.take(line(.withdrawn, "anne@xn--bcher-kva.example", 2))
        #expect(lines.topics(givenAt: "anne@bücher.example") == [])
        #expect(lines.count == 1)
    }
}
