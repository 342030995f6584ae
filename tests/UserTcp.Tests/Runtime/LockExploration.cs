using System.Reflection;
using Microsoft.Extensions.Time.Testing;
using UserTcp.Primitives;
using UserTcp.Runtime;

namespace UserTcp.Tests.Runtime;

/// <summary>
/// Runs a few threads over one lock, one step at a time, through every interleaving of their steps. A state that was
/// reached before is not explored again; only the time that is left until something counts, not the hour. The first
/// thread is inside the lock from the beginning.
/// </summary>
/// <remarks>A thread that stops decides itself who goes on. If that is the same thread, nobody is woken.</remarks>
internal sealed class LockExploration : IDisposable
{
    private readonly Part[] _parts;
    private readonly Worker[] _workers;
    private readonly HashSet<string> _seen = [];
    private readonly Stack<int[]> _open = new([[]]);

    public LockExploration(params Part[] parts)
    {
        _parts = parts;
        _workers = [.. parts.Select(static _ => new Worker())];
    }

    /// <summary>What a thread does.</summary>
    internal delegate void Part(Actor actor);

    /// <summary>How many states were found.</summary>
    public int States => _seen.Count;

    /// <summary>The first interleaving at whose end something is still posted; null if there is none.</summary>
    public string? FindForgotten()
    {
        while (_open.TryPop(out int[]? schedule))
        {
            using var run = new Run(this, schedule);
            if (run.Follow() is { } forgotten)
                return forgotten;
        }

        return null;
    }

    public void Dispose() => Array.ForEach(_workers, static worker => worker.Dispose());

    /// <summary>A thread that runs one actor after the other.</summary>
    internal sealed class Worker : IDisposable
    {
        private readonly SemaphoreSlim _hasWork = new(0);
        private readonly Thread _thread;
        private Action? _work;

        public Worker()
        {
            _thread = new Thread(Main, maxStackSize: 128 << 10) { IsBackground = true };
            _thread.Start();
        }

        public void Begin(Action? work)
        {
            _work = work;
            _hasWork.Release();
        }

        public void Dispose()
        {
            Begin(null);
            _thread.Join();
            _hasWork.Dispose();
        }

        private void Main()
        {
            while (true)
            {
                _hasWork.Wait();
                if (_work is not { } work)
                    return;
                work();
            }
        }
    }

    /// <summary>What one of the threads does in one run.</summary>
    internal sealed class Actor(Run run, Part part, Worker worker) : IDisposable
    {
        private readonly SemaphoreSlim _mayGoOn = new(0);
        private readonly SemaphoreSlim _hasEnded = new(0);
        private bool _hasBegun;
        private bool _isAbandoned;
        private long _value;

        public CombiningLock<ExploredSteps> Lock => run.Lock;

        public LoopSleep<ExploredSteps> Sleep => run.Sleep;

        public MonotonicClock Clock => run.Clock;

        public Node[] Nodes => run.Nodes;

        public string At { get; private set; } = "begin";

        public bool IsInside { get; private set; }

        /// <summary>Whether it waits for the lock, and nobody has left it since.</summary>
        public bool IsBlocked { get; set; }

        public bool IsDone { get; private set; }

        /// <summary>Where it stands, with what it has read before.</summary>
        public string Place =>
            $"{At} {(_value == 0 ? "" : run.FromNow(_value))}{(IsInside ? "!" : "")}{(IsBlocked ? "*" : "")}";

        /// <summary>Begins inside the lock, and stops before the first step.</summary>
        public void BeginInside()
        {
            _hasBegun = true;
            worker.Begin(() =>
            {
                run.Gate.Enter();
                Main(() => Pause("begin"));
            });
        }

        /// <summary>Lets it take its next step. The caller waits, or has ended.</summary>
        public void GoOn()
        {
            if (_hasBegun)
            {
                _mayGoOn.Release();
                return;
            }

            _hasBegun = true;
            worker.Begin(() => Main(static () => { }));
        }

        /// <summary>On the actor's thread: stops until the exploration lets it go on.</summary>
        /// <param name="step">The step that comes next.</param>
        /// <param name="value">An instant that it depends on, in ticks; 0 for none.</param>
        /// <param name="isBlocked">Whether the step cannot be taken before somebody leaves the lock.</param>
        public void Pause(string step, long value = 0, bool isBlocked = false)
        {
            ThrowIfAbandoned();
            MoveTo(step, value, isBlocked);
            Actor? next = run.ChooseNext();
            if (next == this)
                return;

            run.Pass(next);
            _mayGoOn.Wait();
            ThrowIfAbandoned();
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
                    Pause("sleep until", until.Ticks);
                    run.Time.Advance(until - Clock.Now);
                    Sleep.WakeUp();
                }

                if (Sleep.LookAt > Clock.Now)
                    continue;
                Lock.Enter(static () => { });
                ServeAndLeave();
            }
        }

        /// <summary>Ends it where it stands.</summary>
        public void Dispose()
        {
            if (_hasBegun)
            {
                _isAbandoned = true;
                _mayGoOn.Release();
                _hasEnded.Wait();
            }

            _mayGoOn.Dispose();
            _hasEnded.Dispose();
        }

        private void Main(Action begin)
        {
            ExploredSteps.Current = this;
            try
            {
                begin();
                part(this);
                LeaveTheLock();
                IsDone = true;
                MoveTo("end", 0, isBlocked: false);
                run.Pass(run.ChooseNext());
            }
            catch (ThreadInterruptedException) when (_isAbandoned)
            {
                LeaveTheLock();
            }

            _hasEnded.Release();
        }

        private void MoveTo(string step, long value, bool isBlocked)
        {
            bool hasLeft = At == "exit";
            (At, _value, IsBlocked) = (step, value, isBlocked);
            IsInside = run.Gate.IsHeldByCurrentThread;
            if (hasLeft)
                run.Unblock();
        }

        private void LeaveTheLock()
        {
            if (run.Gate.IsHeldByCurrentThread)
                run.Gate.Exit();
        }

        private void ThrowIfAbandoned()
        {
            if (_isAbandoned)
                throw new ThreadInterruptedException();
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

        public void Next(string step, long value = 0) => t_current!.Pause(step, value);

        public void Enter(Lock gate)
        {
            t_current!.Pause("wait for the lock");
            while (!gate.TryEnter())
            {
                t_current.Pause("wait for the lock", isBlocked: true);
            }
        }
    }

    /// <summary>One run from the beginning: the steps of a schedule, then the first that is possible each time.</summary>
    internal sealed class Run : IDisposable
    {
        private const BindingFlags Private = BindingFlags.Instance | BindingFlags.NonPublic;

        private static readonly Type s_type = typeof(CombiningLock<ExploredSteps>);

        private static readonly FieldInfo s_gate = s_type.GetField("_lock", Private)!;
        private static readonly FieldInfo s_first = s_type.GetField("_first", Private)!;
        private static readonly FieldInfo s_last = s_type.GetField("_last", Private)!;

        private static readonly FieldInfo s_sleepsUntil =
            typeof(LoopSleep<ExploredSteps>).GetField("_sleepsUntil", Private)!;

        private readonly LockExploration _exploration;
        private readonly int[] _schedule;
        private readonly List<int> _taken = [];
        private readonly SemaphoreSlim _hasEnded = new(0);
        private readonly Actor[] _actors;
        private string? _forgotten;

        public Run(LockExploration exploration, int[] schedule)
        {
            _exploration = exploration;
            _schedule = schedule;
            Clock = new MonotonicClock(Time);
            Gate = (Lock)s_gate.GetValue(Lock)!;
            _actors = [.. exploration._parts.Select((part, i) => new Actor(this, part, exploration._workers[i]))];
        }

        public CombiningLock<ExploredSteps> Lock { get; } = new(default);

        public LoopSleep<ExploredSteps> Sleep { get; } = new(default);

        public FakeTimeProvider Time { get; } = new();

        public MonotonicClock Clock { get; }

        public Lock Gate { get; }

        public Node[] Nodes { get; } = [new("A"), new("B")];

        /// <summary>What was forgotten, and after which steps; null if nothing was.</summary>
        public string? Follow()
        {
            _actors[0].BeginInside();
            _hasEnded.Wait();
            return _forgotten;
        }

        /// <summary>Who takes the next step; null if the run has ended. It notes the other steps that are possible.</summary>
        public Actor? ChooseNext()
        {
            bool isPrefix = _taken.Count < _schedule.Length;
            if (isPrefix)
                return Take(_schedule[_taken.Count]);
            if (!_exploration._seen.Add(Describe()))
                return null;

            int[] possible =
                [.. Enumerable.Range(0, _actors.Length).Where(i => !_actors[i].IsDone && !_actors[i].IsBlocked)];
            if (possible.Length == 0)
            {
                if (Array.Find(Nodes, static node => node.Mail != 0) is { } node)
                    _forgotten = $"{node} after {string.Join(' ', _taken)}";
                return null;
            }

            foreach (int other in possible[1..])
            {
                _exploration._open.Push([.. _taken, other]);
            }

            return Take(possible[0]);
        }

        /// <summary>Lets an actor go on, or ends the run if there is none.</summary>
        public void Pass(Actor? next)
        {
            if (next is null)
                _hasEnded.Release();
            else
                next.GoOn();
        }

        public void Unblock() => Array.ForEach(_actors, static actor => actor.IsBlocked = false);

        /// <summary>An instant as a distance from now.</summary>
        public string FromNow(long ticks) =>
            ticks is long.MinValue or long.MaxValue ? "never" : $"{ticks - Clock.Now.Ticks}";

        public void Dispose()
        {
            Array.ForEach(_actors, static actor => actor.Dispose());
            _hasEnded.Dispose();
        }

        private Actor Take(int actor)
        {
            _taken.Add(actor);
            _actors[actor].IsBlocked = false;
            return _actors[actor];
        }

        /// <summary>All that decides how the run may go on.</summary>
        private string Describe()
        {
            IEnumerable<string> actors = _actors.Select(static actor => actor.Place);
            IEnumerable<string> nodes = Nodes.Select(static node => $"{node.Mail},{node.Served},{node.Below}");
            long sleepsUntil = (long)s_sleepsUntil.GetValue(Sleep)!;
            return string.Join(
                '|',
                [.. actors, .. nodes, Chain(s_first), Chain(s_last), $"{Lock.Waiting}", FromNow(Sleep.LookAt.Ticks),
                    sleepsUntil == long.MinValue ? "awake" : FromNow(sleepsUntil)]);
        }

        private string Chain(FieldInfo field)
        {
            string chain = "";
            for (var node = (MailNode?)field.GetValue(Lock); node is not null; node = node.Below)
            {
                chain += node;
            }

            return chain;
        }
    }
}
