using System.Reflection;
using Microsoft.Extensions.Time.Testing;
using UserTcp.Primitives;
using UserTcp.Runtime;

namespace UserTcp.Tests.Runtime;

/// <summary>
/// Runs a few threads over one lock, one step at a time, through every interleaving of their steps. A state that was
/// reached before is not explored again. The first thread is inside the lock from the beginning.
/// </summary>
internal sealed class LockExploration(params LockExploration.Part[] parts)
{
    private readonly HashSet<string> _seen = [];
    private readonly Stack<int[]> _open = new([[]]);

    /// <summary>What a thread does.</summary>
    internal delegate void Part(Actor actor);

    /// <summary>How many states were found.</summary>
    public int States => _seen.Count;

    /// <summary>The first interleaving at whose end something is still posted; null if there is none.</summary>
    public string? FindForgotten()
    {
        while (_open.TryPop(out int[]? schedule))
        {
            if (Follow(schedule) is { } forgotten)
                return forgotten;
        }

        return null;
    }

    /// <summary>Takes the steps of a schedule, then the first that is possible each time, and notes the others.</summary>
    private string? Follow(int[] schedule)
    {
        using var run = new Run(parts);
        List<int> taken = [];
        while (true)
        {
            int[] possible = run.Possible;
            bool isPrefix = taken.Count < schedule.Length;
            if (!isPrefix && !_seen.Add(run.Describe()))
                return null;
            if (possible.Length == 0)
                return run.Forgotten is { } what ? $"{what} after {string.Join(' ', taken)}" : null;
            if (!isPrefix)
            {
                foreach (int other in possible[1..])
                {
                    _open.Push([.. taken, other]);
                }
            }

            int next = isPrefix ? schedule[taken.Count] : possible[0];
            taken.Add(next);
            run.Step(next);
        }
    }

    /// <summary>One of the threads.</summary>
    internal sealed class Actor(Run run, Part part) : IDisposable
    {
        private readonly SemaphoreSlim _mayGoOn = new(0);
        private readonly SemaphoreSlim _hasStopped = new(0);
        private Thread? _thread;
        private bool _startsInside;
        private bool _isAbandoned;

        public CombiningLock<ExploredSteps> Lock => run.Lock;

        public LoopSleep<ExploredSteps> Sleep => run.Sleep;

        public MonotonicClock Clock => run.Clock;

        public Node[] Nodes => run.Nodes;

        public string At { get; private set; } = "";

        public bool IsInside { get; private set; }

        /// <summary>Whether it waits for the lock, and nobody has left it since.</summary>
        public bool IsBlocked { get; set; }

        public bool IsDone { get; private set; }

        public void Start(bool isInside)
        {
            _startsInside = isInside;
            _thread = new Thread(Main, maxStackSize: 128 << 10) { IsBackground = true };
            _thread.Start();
            _hasStopped.Wait();
        }

        public void Step()
        {
            IsBlocked = false;
            _mayGoOn.Release();
            _hasStopped.Wait();
        }

        /// <summary>On the actor's thread: stops until the exploration lets it go on.</summary>
        public void Pause(string step, bool isBlocked = false)
        {
            if (_isAbandoned)
                throw new ThreadInterruptedException();
            At = step;
            IsInside = run.Gate.IsHeldByCurrentThread;
            IsBlocked = isBlocked;
            _hasStopped.Release();
            _mayGoOn.Wait();
            if (_isAbandoned)
                throw new ThreadInterruptedException();
        }

        /// <summary>Serves what is posted until nothing is left that nobody else sees to.</summary>
        public void ServeAndLeave(bool looksAfterwards = true)
        {
            do
            {
                while (Lock.TryTake(out MailNode? node, out int bits))
                {
                    ((Node)node).Served |= bits;
                }

                Sleep.OnLooked(Clock.Now);
                Lock.Exit();
            }
            while (looksAfterwards && Lock.TryReturn());
        }

        /// <summary>The loop: sleeps, and looks at the mail when it was asked to, until nothing wakes it any more.</summary>
        public void SleepAndLook()
        {
            while (true)
            {
                bool isAsleep = Sleep.TryBegin(Clock.Now, Instant.Never, out Instant until);
                if (isAsleep && until.IsNever)
                    return;
                if (isAsleep)
                {
                    Pause($"sleep until {until.Ticks}");
                    run.Time.Advance(until - Clock.Now);
                    Sleep.WakeUp();
                }

                if (Sleep.LookAt > Clock.Now)
                    continue;
                Lock.Enter(static () => { });
                ServeAndLeave();
            }
        }

        public void Dispose()
        {
            _isAbandoned = true;
            _mayGoOn.Release();
            _thread?.Join();
            _mayGoOn.Dispose();
            _hasStopped.Dispose();
        }

        private void Main()
        {
            ExploredSteps.Current = this;
            if (_startsInside)
                run.Gate.Enter();
            try
            {
                Pause("begin");
                part(this);
            }
            catch (ThreadInterruptedException) when (_isAbandoned)
            {
            }

            IsDone = true;
            IsInside = false;
            At = "end";
            if (run.Gate.IsHeldByCurrentThread)
                run.Gate.Exit();
            _hasStopped.Release();
        }
    }

    /// <summary>Something that is posted.</summary>
    internal sealed class Node(string name) : MailNode
    {
        public int Served { get; set; }

        public override string ToString() => name;
    }

    /// <summary>Stops a thread before each step.</summary>
    internal readonly struct ExploredSteps : ILockSteps
    {
        [ThreadStatic]
        private static Actor? t_current;

        public static Actor Current
        {
            set => t_current = value;
        }

        public void Next(string step, long value = 0) => t_current!.Pause(value == 0 ? step : $"{step} {value}");

        public void Enter(Lock gate)
        {
            t_current!.Pause("wait for the lock");
            while (!gate.TryEnter())
            {
                t_current.Pause("wait for the lock", isBlocked: true);
            }
        }
    }

    /// <summary>One run from the beginning.</summary>
    internal sealed class Run : IDisposable
    {
        private const BindingFlags Private = BindingFlags.Instance | BindingFlags.NonPublic;

        private static readonly Type s_type = typeof(CombiningLock<ExploredSteps>);

        private static readonly FieldInfo s_sleepsUntil =
            typeof(LoopSleep<ExploredSteps>).GetField("_sleepsUntil", Private)!;

        private readonly Actor[] _actors;

        public Run(Part[] parts)
        {
            Clock = new MonotonicClock(Time);
            Gate = (Lock)s_type.GetField("_lock", Private)!.GetValue(Lock)!;
            _actors = [.. parts.Select(part => new Actor(this, part))];
            Array.ForEach(_actors, actor => actor.Start(isInside: actor == _actors[0]));
        }

        public CombiningLock<ExploredSteps> Lock { get; } = new(default);

        public LoopSleep<ExploredSteps> Sleep { get; } = new(default);

        public FakeTimeProvider Time { get; } = new();

        public MonotonicClock Clock { get; }

        public Lock Gate { get; }

        public Node[] Nodes { get; } = [new("A"), new("B")];

        public int[] Possible =>
            [.. Enumerable.Range(0, _actors.Length).Where(i => !_actors[i].IsDone && !_actors[i].IsBlocked)];

        /// <summary>What is still posted; null if all was served.</summary>
        public string? Forgotten => Array.Find(Nodes, node => node.Mail != 0)?.ToString();

        public void Step(int actor)
        {
            bool isExit = _actors[actor].At == "exit";
            _actors[actor].Step();
            if (isExit)
                Array.ForEach(_actors, other => other.IsBlocked = false);
        }

        /// <summary>All that decides how the run may go on.</summary>
        public string Describe()
        {
            IEnumerable<string> actors = _actors.Select(a => $"{a.At}{(a.IsInside ? "!" : "")}{(a.IsBlocked ? "*" : "")}");
            IEnumerable<string> nodes = Nodes.Select(n => $"{n.Mail},{n.Served},{n.Below}");
            return string.Join(
                '|',
                [.. actors, .. nodes, Chain("_first"), Chain("_last"), $"{Lock.Waiting}", $"{Clock.Now} {Sleep.LookAt}",
                    $"{s_sleepsUntil.GetValue(Sleep)}"]);
        }

        public void Dispose() => Array.ForEach(_actors, actor => actor.Dispose());

        private string Chain(string field)
        {
            string chain = "";
            for (var node = (MailNode?)s_type.GetField(field, Private)!.GetValue(Lock); node is not null; node = node.Below)
            {
                chain += node;
            }

            return chain;
        }
    }
}
