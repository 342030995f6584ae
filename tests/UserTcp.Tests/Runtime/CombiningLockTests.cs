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
    public void A_loop_that_falls_asleep_and_who_leaves_mail_forget_nothing() => AssertNothingForgotten(
        LeaveAndSleep, actor => PostLazily(actor, 0, 1), actor => PostLazily(actor, 0, 2));

    [Fact]
    public void A_loop_that_falls_asleep_and_who_leaves_mail_again_forget_nothing() => AssertNothingForgotten(
        LeaveAndSleep,
        actor =>
        {
            PostLazily(actor, 0, 1);
            PostLazily(actor, 0, 1);
        });

    [Fact]
    public void A_loop_that_falls_asleep_who_leaves_mail_and_who_posts_forget_nothing() => AssertNothingForgotten(
        LeaveAndSleep, actor => PostLazily(actor, 0, 1), actor => Post(actor, 0, 2));

    [Fact]
    public void The_exploration_finds_mail_that_is_left_to_a_loop_that_sleeps()
    {
        using var exploration = new LockExploration(LeaveAndSleep, actor => actor.Lock.Leave(actor.Nodes[0], 1));
        Assert.StartsWith("A after ", exploration.FindForgotten(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_exploration_finds_what_a_holder_forgets_that_does_not_look_afterwards()
    {
        using var exploration = new LockExploration(
            actor => actor.ServeAndLeave(looksAfterwards: false), actor => Post(actor, 0, 1));
        Assert.StartsWith("A after ", exploration.FindForgotten(), StringComparison.Ordinal);
    }

    private static void AssertNothingForgotten(params Part[] parts)
    {
        using var exploration = new LockExploration(parts);
        Assert.Null(exploration.FindForgotten());
        Assert.True(exploration.States > 300, $"Only {exploration.States} states were found.");
        TestContext.Current.TestOutputHelper?.WriteLine($"{exploration.States} states");
    }

    private static void Post(Actor actor, int node, int bits)
    {
        if (actor.Lock.Post(actor.Nodes[node], bits))
            actor.ServeAndLeave();
    }

    private static void PostLazily(Actor actor, int node, int bits)
    {
        actor.Lock.Leave(actor.Nodes[node], bits);
        if (!actor.Sleep.WillLook(actor.Clock))
            Post(actor, node, bits);
    }

    private static void Leave(Actor actor) => actor.ServeAndLeave();

    private static void LeaveAndSleep(Actor actor)
    {
        actor.ServeAndLeave();
        actor.SleepAndLook();
    }

    private static void Enter(Actor actor)
    {
        actor.Lock.Enter(static () => { });
        actor.ServeAndLeave();
    }
}
