using Actor = UserTcp.Tests.Runtime.LockExploration.Actor;
using Part = UserTcp.Tests.Runtime.LockExploration.Part;

namespace UserTcp.Tests.Runtime;

/// <summary>Nothing that is posted is forgotten, however the steps of threads fall between one another.</summary>
public sealed class CombiningLockTests
{
    [Fact]
    public void Two_posters_and_a_holder_forget_nothing() => AssertNothingForgotten(
        Leave, actor => Post(actor, 0, 1), actor => Post(actor, 1, 1));

    [Fact]
    public void Two_posters_for_one_node_and_a_holder_forget_nothing() => AssertNothingForgotten(
        Leave, actor => Post(actor, 0, 1), actor => Post(actor, 0, 2));

    [Fact]
    public void A_poster_a_holder_and_a_loop_that_waits_forget_nothing() => AssertNothingForgotten(
        Leave,
        actor =>
        {
            Post(actor, 0, 1);
            Post(actor, 1, 1);
        },
        Enter);

    [Fact]
    public void Two_posters_a_holder_and_a_loop_that_waits_forget_nothing() => AssertNothingForgotten(
        Leave, actor => Post(actor, 0, 1), actor => Post(actor, 1, 1), Enter);

    [Fact]
    public void The_exploration_finds_what_a_holder_forgets_that_does_not_look_afterwards()
    {
        var exploration = new LockExploration(
            actor => actor.ServeAndLeave(looksAfterwards: false), actor => Post(actor, 0, 1));
        Assert.StartsWith("A after ", exploration.FindForgotten(), StringComparison.Ordinal);
    }

    private static void AssertNothingForgotten(params Part[] parts)
    {
        var exploration = new LockExploration(parts);
        Assert.Null(exploration.FindForgotten());
        Assert.True(exploration.States > 300, $"Only {exploration.States} states were found.");
        TestContext.Current.TestOutputHelper?.WriteLine($"{exploration.States} states");
    }

    private static void Post(Actor actor, int node, int bits)
    {
        if (actor.Lock.Post(actor.Nodes[node], bits))
            actor.ServeAndLeave();
    }

    private static void Leave(Actor actor) => actor.ServeAndLeave();

    private static void Enter(Actor actor)
    {
        actor.Lock.Enter(static () => { });
        actor.ServeAndLeave();
    }
}
