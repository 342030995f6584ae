using System.Security.Cryptography;

namespace UserTcp.Fuzz;

/// <summary>An input that breaks an invariant.</summary>
internal sealed class Finding(byte[] input, Exception violation)
{
    private const int KindLetters = 40;

    public byte[] Input => input;

    public string Message => violation.Message;

    public string Details => violation.ToString();

    /// <summary>The sentence without the numbers in it: findings of one cause are of one kind.</summary>
    public string Kind => string.Concat(Message.Where(char.IsLetter).Take(KindLetters));

    /// <summary>Runs an input; null if nothing is wrong.</summary>
    public static Finding? Of(byte[] input, StateCoverage coverage)
    {
        try
        {
            FuzzRun.Execute(input, input.Length, coverage);
            return null;
        }
        catch (Exception e)
        {
            return new Finding(input, e);
        }
    }

    /// <summary>Takes out pieces, and makes bytes zero, as long as the same goes wrong.</summary>
    public Finding Minimise()
    {
        Finding smallest = this;
        for (int size = Math.Max(1, input.Length / 2); size > 0; size /= 2)
        {
            for (int at = smallest.Input.Length - size; at >= FuzzSettings.Bytes; at -= size)
            {
                byte[] shorter = [.. smallest.Input[..at], .. smallest.Input[(at + size)..]];
                if (Of(shorter, new StateCoverage()) is { } finding && finding.IsLike(this))
                    smallest = finding;
            }
        }

        for (int at = smallest.Input.Length - 1; at >= 0; at--)
        {
            byte[] simpler = [.. smallest.Input];
            simpler[at] = 0;
            if (Of(simpler, new StateCoverage()) is { } finding && finding.IsLike(this))
                smallest = finding;
        }

        return smallest;
    }

    /// <summary>Writes the input into the folder for findings.</summary>
    /// <returns>The file's name.</returns>
    public string Save(string? folder = null)
    {
        folder = Directory.CreateDirectory(folder ?? Path.Combine("artifacts", "fuzz", "findings")).FullName;
        string file = Path.Combine(folder, Convert.ToHexString(SHA256.HashData(input))[..16]);
        File.WriteAllBytes(file, input);
        return file;
    }

    private bool IsLike(Finding other) => Kind == other.Kind;
}
