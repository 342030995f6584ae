namespace UserTcp.Tool.Tests;

public sealed class InterruptionTests
{
    private readonly List<string> _events = [];
    private readonly ManualTime _time = new();

    [Fact]
    public async Task The_first_signal_asks_and_the_second_one_does_not()
    {
        using Interruption interruption = Make();
        var asked = new TaskCompletionSource();
        await using CancellationTokenRegistration registration = interruption.Token.Register(asked.SetResult);
        interruption.Signal();
        await asked.Task;
        Assert.Empty(_events);

        interruption.Signal();
        interruption.Signal();
        Assert.Equal(["130", "130"], _events);
    }

    [Fact]
    public void Who_does_not_end_in_time_is_ended_with_a_word()
    {
        using Interruption interruption = Make();
        interruption.Signal();
        _time.Fire();

        Assert.Equal(["usertcp: not everything could be ended in time.", "130"], _events);
        Assert.Equal(Interruption.Patience, _time.Due);
    }

    private Interruption Make() => new(code => _events.Add($"{code}"), _events.Add, _time);

    /// <summary>A clock with one timer.</summary>
    private sealed class ManualTime : TimeProvider
    {
        private Action? _fire;

        public TimeSpan Due { get; private set; }

        public void Fire() => _fire!();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _fire = () => callback(state);
            Due = dueTime;
            return new Timer();
        }

        private sealed class Timer : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
