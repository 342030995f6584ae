using UserTcp.Architecture.Tests.Compliance;
using UserTcp.Architecture.Tests.Support;

namespace UserTcp.Architecture.Tests;

/// <summary>tests/COMPLIANCE.md says of each requirement where it is met and which test shows it.</summary>
public sealed class ComplianceTests
{
    private static readonly IReadOnlyList<SourceFile> s_code = Repository.CSharp("src");

    // The tests of the ledger itself speak of requirements without showing any.
    private static readonly IReadOnlyList<SourceFile> s_tests = Repository.CSharp("tests")
        .Where(file => !file.Path.StartsWith("tests/UserTcp.Architecture.Tests/", StringComparison.Ordinal))
        .ToList();

    private static Ledger Current { get; } = new(
        Requirement.Load(),
        Citations.InCode(s_code),
        Citations.SectionsInCode(s_code),
        Citations.InTests(s_tests),
        ComplianceExceptions.Parse(Repository.Read(ComplianceExceptions.File)));

    [Fact]
    public void The_ledger_is_up_to_date() => Snapshot.Matches("tests/COMPLIANCE.md", Current.Render());

    [Fact]
    public void Every_must_and_should_has_a_test_or_a_reason_to_have_none() =>
        Expect.None(
            Current.Unanswered(), $"Requirements with neither [Rfc] test nor entry in {ComplianceExceptions.File}:");

    [Fact]
    public void An_exception_is_none_once_a_test_shows_the_requirement()
    {
        Expect.None(Current.StaleExceptions(), $"Entries to remove from {ComplianceExceptions.File}:");
        Expect.None(Current.RepeatedExceptions(), $"Entries that {ComplianceExceptions.File} has twice:");
    }

    [Fact]
    public void A_tag_stands_beside_its_section() =>
        Expect.None(Citations.WithoutSection(s_code), "Tags whose comment does not name a section of RFC 9293:");

    [Fact]
    public void Only_tests_claim_to_show_a_requirement() =>
        Expect.None(Citations.OnNoTest(s_tests), "[Rfc] on something that is no test:");

    [Fact]
    public void The_list_of_requirements_of_RFC_9293_is_complete()
    {
        var counts = Requirement.Load().Where(requirement => requirement.Rfc == Requirement.Standard)
            .CountBy(requirement => requirement.Id.Split('-')[0]).ToDictionary();

        Assert.Equal((69, 31, 18, 1), (counts["MUST"], counts["SHLD"], counts["MAY"], counts["REC"]));
    }

    [Fact]
    public void No_tag_is_given_twice() =>
        Expect.None(
            Requirement.Load().CountBy(one => one.Id).Where(one => one.Value > 1).Select(one => one.Key),
            "Tags that several requirements have:");
}
