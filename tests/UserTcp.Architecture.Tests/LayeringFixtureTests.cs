using UserTcp.Architecture.Tests.Support;

namespace UserTcp.Architecture.Tests;

/// <summary>The checks are themselves checked: known offenders in this assembly (Fixtures) must be found.</summary>
public sealed class LayeringFixtureTests
{
    private const string Fixtures = "UserTcp.Architecture.Tests.Fixtures.";

    private static readonly LayerRules s_rules = new()
    {
        MayUse = new Dictionary<string, string[]> { ["Lower"] = [], ["Upper"] = ["Lower"] },
    };

    private static readonly Lazy<IReadOnlyCollection<TypeReference>> s_references =
        new(() => AssemblyReader.Read(typeof(LayeringFixtureTests).Assembly.Location));

    [Theory]
    [InlineData("HoldsItInAField")]
    [InlineData("HoldsItInAGenericField")]
    [InlineData("TakesItAsAnArgument")]
    [InlineData("MakesItInABody")]
    [InlineData("CallsItsStatic")]
    [InlineData("ReadsItsField")]
    [InlineData("CatchesIt")]
    [InlineData("DerivesFromIt")]
    [InlineData("ImplementsIt")]
    [InlineData("IsConstrainedToIt`1")]
    [InlineData("IsMarkedWithIt")]
    [InlineData("NamesItInAToken")]
    [InlineData("UsesItInALambda")]
    [InlineData("OnlySeesAFrame")]
    public void A_lower_room_that_uses_a_higher_one_is_found(string offender) =>
        Assert.Contains(
            s_rules.Violations(Of($"Lower.{offender}"), Room),
            found => found.StartsWith("Lower must not use Upper", StringComparison.Ordinal));

    [Fact]
    public void A_room_that_uses_nobody_is_not_accused() =>
        Assert.Empty(s_rules.Violations(Of("Lower.KnowsNobody"), Room));

    [Fact]
    public void A_room_may_be_open_for_some_of_its_types_only()
    {
        LayerRules rules = s_rules with
        {
            MayUse = new Dictionary<string, string[]> { ["Lower"] = ["Upper"] },
            OnlyTypes = new Dictionary<(string, string), string[]>
            {
                [("Lower", "Upper")] = [Fixtures + "Upper.Frame"],
            },
        };

        Assert.Empty(rules.Violations(Of("Lower.OnlySeesAFrame"), Room));
        Assert.NotEmpty(rules.Violations(Of("Lower.HoldsItInAField"), Room));
    }

    [Fact]
    public void Vocabulary_is_open_to_every_room()
    {
        LayerRules rules = s_rules with { Vocabulary = new HashSet<string> { Fixtures + "Upper.Device" } };

        Assert.Empty(rules.Violations(Of("Lower.MakesItInABody"), Room));
        Assert.NotEmpty(rules.Violations(Of("Lower.CatchesIt"), Room));
    }

    [Fact]
    public void A_field_that_leads_back_to_its_owner_is_found()
    {
        FieldGraph graph = FieldGraph.Of(
            s_references.Value, type => type.StartsWith(Fixtures + "Cycle.", StringComparison.Ordinal));

        Assert.Equal(3, graph.Cycles().Count);
        Assert.Contains(graph.Cycles(), cycle => cycle.EndsWith("Cycle.Owner", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("HoldsItInAField", true)]
    [InlineData("TakesItAsAnArgument", true)]
    [InlineData("MakesItInABody", true)]
    [InlineData("KnowsNobody", false)]
    public void A_part_that_mentions_the_whole_is_found(string part, bool isFound)
    {
        var mentions = FieldGraph.Mentions(
            s_references.Value, type => TypeReference.Outermost(type) == Fixtures + "Lower." + part,
            type => type.StartsWith(Fixtures + "Upper.", StringComparison.Ordinal));
        Assert.Equal(isFound, mentions.Count > 0);
    }

    [Theory]
    [InlineData("AsksTheTime", "System.Environment.get_TickCount64")]
    [InlineData("WalksADictionary", "System.Collections.Generic.Dictionary`2.GetEnumerator")]
    [InlineData("WaitsForIt", "System.Threading.Tasks.Task")]
    [InlineData("AsksLinq", "System.Linq.Enumerable.Any")]
    public void A_core_that_asks_the_world_is_found(string method, string forbidden) =>
        Assert.Contains(
            CoreRules.Violations(Of("Core.Offender")),
            found => found.Contains(method, StringComparison.Ordinal)
                && found.Contains(forbidden, StringComparison.Ordinal));

    [Fact]
    public void A_core_that_looks_up_in_a_dictionary_is_not_accused() =>
        Assert.Empty(CoreRules.Violations(Of("Core.Innocent")));

    private static IEnumerable<TypeReference> Of(string type) => s_references.Value.Where(
        reference => TypeReference.Outermost(reference.Source) == Fixtures + type);

    private static string? Room(string type) =>
        type.StartsWith(Fixtures, StringComparison.Ordinal) ? type[Fixtures.Length..].Split('.')[0] : null;
}
