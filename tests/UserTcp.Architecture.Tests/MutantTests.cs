using UserTcp.Architecture.Tests.Support;
using UserTcp.Mutants;

namespace UserTcp.Architecture.Tests;

/// <summary>How mutants are found, drawn and compiled in behind the switch.</summary>
public sealed class MutantTests
{
    [Theory]
    [InlineData("return a < b;", "< -> <=", "return (global::UserTcp.MutantSwitch.Is(7) ? (a <= b) : (a < b));")]
    [InlineData("return a && b;", "&& -> ||", "return (global::UserTcp.MutantSwitch.Is(7) ? (a || b) : (a && b));")]
    [InlineData("x = y + 1;", "1 -> 2", "x = y + (global::UserTcp.MutantSwitch.Is(7) ? (2) : (1));")]
    [InlineData("return true;", "true -> false", "return (global::UserTcp.MutantSwitch.Is(7) ? (false) : (true));")]
    [InlineData(
        "return Math.Min(a, b);", "Min -> Max",
        "return (global::UserTcp.MutantSwitch.Is(7) ? (Math.Max(a, b)) : (Math.Min(a, b)));")]
    [InlineData(
        "x += y;", "+= -> -=", "{ if (global::UserTcp.MutantSwitch.Is(7)) { x -= y; } else { x += y; } }")]
    [InlineData("x++;", "++ -> --", "{ if (global::UserTcp.MutantSwitch.Is(7)) { x--; } else { x++; } }")]
    [InlineData("Send(x);", "delete the statement", "{ if (!global::UserTcp.MutantSwitch.Is(7)) { Send(x); } }")]
    [InlineData(
        "if (a) Send(x); else return;", "delete the statement",
        "if (a) { if (!global::UserTcp.MutantSwitch.Is(7)) { Send(x); } } else return;")]
    [InlineData(
        "if (Find(out int x)) { Use(x); }", "negate the condition",
        "if ((global::UserTcp.MutantSwitch.Is(7) ^ (Find(out int x)))) { Use(x); }")]
    public void A_mutant_stands_behind_the_switch(string statement, string change, string expected)
    {
        Mutant mutant = Assert.Single(Of(statement), mutant => mutant.Change.ToString() == change);

        Assert.Equal(Wrap(expected), Instrumenter.Apply(Wrap(statement), Numbered(7, mutant)));
        Assert.Equal(1, mutant.Line);
    }

    [Fact]
    public void Mutants_of_one_place_are_told_apart_by_their_numbers()
    {
        IReadOnlyList<Mutant> mutants = Of("if (a < b) { x += 2; }");
        Dictionary<int, Mutant> numbered = mutants.Index().ToDictionary(item => item.Index, item => item.Item);

        string code = Instrumenter.Apply(Wrap("if (a < b) { x += 2; }"), numbered);

        Assert.Equal(
            ["+= -> -=", "2 -> 3", "< -> <=", "delete the statement", "negate the condition"],
            mutants.Select(mutant => mutant.Change.ToString()).Order(StringComparer.Ordinal));
        Assert.All(numbered.Keys, number => Assert.Contains($"MutantSwitch.Is({number})", code));
    }

    [Theory]
    [InlineData("const int Limit = 3;")]
    [InlineData("Debug.Assert(a < b);")]
    [InlineData("ArgumentOutOfRangeException.ThrowIfNegative(a);")]
    [InlineData("throw new InvalidOperationException(a + b);")]
    public void Constants_and_assertions_have_no_mutants(string statement) => Assert.Empty(Of(statement));

    [Fact]
    public void A_seed_draws_the_same_order_each_time_and_loses_no_mutant()
    {
        IReadOnlyList<Mutant> population = Population.Read(Path.Combine(Repository.Root, "src", "UserTcp"));

        IReadOnlyList<Mutant> order = Population.Shuffle(population, 1);

        Assert.Equal(order, Population.Shuffle(population, 1));
        Assert.NotEqual(order, Population.Shuffle(population, 2));
        Assert.Equal(population.ToHashSet(), order.ToHashSet());
        Assert.Equal(Population.Rooms, population.Select(mutant => mutant.Room).Distinct().Order());
    }

    [Fact]
    public void Each_explained_survivor_is_a_mutant_of_today()
    {
        HashSet<string> keys =
            [.. Population.Read(Path.Combine(Repository.Root, "src", "UserTcp")).Select(mutant => mutant.Key)];

        Expect.None(
            Survivors.Read(Repository.Root).Keys.Where(key => !keys.Contains(key)),
            "Survivors whose line has changed: run them again, or take them out.");
    }

    [Fact]
    public void A_survivor_without_a_reason_is_refused()
    {
        Assert.Throws<FormatException>(() => Survivors.Parse(["Tcp/Tcb.cs\t1 -> 2\treturn 1;\t"]));
        var change = new MutantChange(MutantKind.Literal, "1", "2");
        var mutant = new Mutant("Tcp/Tcb.cs", default, 3, change, "return 1;");
        Assert.Equal("why", Survivors.Parse(["Tcp/Tcb.cs\t1 -> 2\treturn 1;\twhy"]).ReasonFor(mutant));
    }

    private static IReadOnlyList<Mutant> Of(string statement) => Population.Of("Tcp/Sample.cs", Wrap(statement));

    private static string Wrap(string statement) => $"class C {{ void M() {{ {statement} }} }}";

    private static Dictionary<int, Mutant> Numbered(int number, Mutant mutant) => new() { [number] = mutant };
}
