System.Console.Error.WriteLine();
